import { parseLoginKey, parseWriterKey } from "@selkie/entry";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AccessChange,
  type AccessState,
  applyAccessList,
  applySlotKeys,
  emptyAccessState,
  rightsOf,
  ticketAdmits,
  verifyAccessList,
  verifyAccessTicket,
  verifySlotKeys,
} from "../../src/index.ts";
import {
  type ListFields,
  PULL,
  PULL_PUSH,
  signList,
  signSlot,
  signTicket,
  type TicketFields,
} from "../support/access.ts";
import { otherTenant, TestKey, tenant, verifier } from "../support/writer.ts";

const names = ["root", "admin", "thief", "alice", "bob", "laptop", "phone", "lost"] as const;
let keys: Record<(typeof names)[number], TestKey>;
beforeAll(async () => {
  keys = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await TestKey.of(name)])),
  ) as typeof keys;
});

const start = (): AccessState => emptyAccessState(tenant, parseWriterKey(keys.root.publicKey));
const login = (key: TestKey) => parseLoginKey(key.publicKey);

async function list(state: AccessState, fields: Omit<ListFields, "tenant">): Promise<AccessChange> {
  const verified = await verifyAccessList(verifier, await signList({ tenant, ...fields }));
  if (verified === null) throw new TypeError("the list does not verify");
  return applyAccessList(state, verified);
}

async function slot(
  state: AccessState,
  key: TestKey,
  height: number,
  logins: readonly TestKey[],
): Promise<AccessChange> {
  const verified = await verifySlotKeys(verifier, await signSlot(tenant, key, height, logins));
  if (verified === null) throw new TypeError("the slot keys do not verify");
  return applySlotKeys(state, verified);
}

async function ticket(fields: Omit<TicketFields, "tenant">) {
  const verified = await verifyAccessTicket(verifier, await signTicket({ tenant, ...fields }));
  if (verified === null) throw new TypeError("the ticket does not verify");
  return verified;
}

function stateOf(change: AccessChange): AccessState {
  if (change.type !== "applied") throw new TypeError(JSON.stringify(change));
  return change.state;
}

/** The root's first list, with the admin as signer and Alice's slot; Alice's laptop logs in. */
async function founded(): Promise<AccessState> {
  const first = await list(start(), {
    height: 0,
    signer: keys.root,
    signers: [keys.admin],
    slots: [{ slot: keys.alice, rights: PULL_PUSH }],
  });
  return stateOf(await slot(stateOf(first), keys.alice, 0, [keys.laptop]));
}

describe("an access list", () => {
  test("F6 must first be the root's", async () => {
    expect(await list(start(), { height: 0, signer: keys.admin, signers: [keys.admin] })).toEqual({
      type: "refused",
      code: "SIGNER_NOT_TRUSTED",
    });
  });

  test("is followed by one that a signer of it signs, with a greater height", async () => {
    const state = await founded();
    const next = { signer: keys.admin, signers: [keys.admin], slots: [{ slot: keys.bob, rights: PULL }] };
    expect(await list(state, { ...next, height: 0 })).toEqual({ type: "refused", code: "NOT_NEWER" });
    const second = stateOf(await list(state, { ...next, height: 1 }));
    expect(await list(second, { ...next, height: 1 })).toEqual({ type: "known" });
    expect(await list(second, { ...next, height: 2, signer: keys.thief })).toEqual({
      type: "refused",
      code: "SIGNER_NOT_TRUSTED",
    });
    expect(rightsOf(second, login(keys.laptop))).toBeNull();
  });

  test("of a signer that the list before does not name is refused, though an older one did", async () => {
    const state = stateOf(await list(await founded(), { height: 1, signer: keys.admin, signers: [] }));
    expect(await list(state, { height: 2, signer: keys.admin, signers: [keys.admin] })).toMatchObject({
      type: "refused",
      code: "SIGNER_NOT_TRUSTED",
    });
  });

  test("a root-signed list outranks any height, and nothing older returns after it", async () => {
    const stolen = await list(await founded(), {
      height: 2 ** 50,
      signer: keys.admin,
      signers: [keys.admin, keys.thief],
    });
    const before = stateOf(stolen);
    const rooted = await list(before, { epoch: 1, height: 0, signer: keys.root, signers: [keys.admin] });
    const state = stateOf(rooted);
    // The admin is trusted again; its list of the epoch before, which names the thief, is not.
    const replayed = { height: 2 ** 50, signer: keys.admin, signers: [keys.admin, keys.thief] };
    expect(await list(state, replayed)).toEqual({ type: "refused", code: "NOT_NEWER" });
    expect(await list(state, { ...replayed, height: 2 ** 51 })).toEqual({ type: "refused", code: "NOT_NEWER" });
    expect((await list(state, { epoch: 1, height: 1, signer: keys.admin })).type).toBe("applied");
  });

  test("of a signer never raises the epoch", async () => {
    const raised = { epoch: 1, height: 0, signer: keys.admin, signers: [keys.admin] };
    expect(await list(await founded(), raised)).toEqual({ type: "refused", code: "SIGNER_NOT_TRUSTED" });
  });

  test("of an earlier root-signed epoch does not return", async () => {
    const second = stateOf(await list(await founded(), { epoch: 2, height: 0, signer: keys.root }));
    expect(await list(second, { epoch: 1, height: 9, signer: keys.root, signers: [keys.thief] })).toMatchObject({
      code: "NOT_NEWER",
    });
  });

  test("of another tenant is refused", async () => {
    const other = await signList({ tenant: otherTenant, height: 1, signer: keys.root });
    const verified = await verifyAccessList(verifier, other);
    if (verified === null) throw new TypeError("the list does not verify");
    expect(applyAccessList(await founded(), verified)).toEqual({ type: "refused", code: "WRONG_TENANT" });
  });
});

describe("slot keys", () => {
  test("let a user's own devices in, and out again", async () => {
    const state = await founded();
    expect(rightsOf(state, login(keys.laptop))).toEqual(PULL_PUSH);
    expect(rightsOf(state, login(keys.phone))).toBeNull();
    const next = stateOf(await slot(state, keys.alice, 1, [keys.phone]));
    expect(rightsOf(next, login(keys.laptop))).toBeNull();
    expect(rightsOf(next, login(keys.phone))).toEqual(PULL_PUSH);
  });

  test("do not go back to an older version", async () => {
    const state = stateOf(await slot(await founded(), keys.alice, 5, []));
    expect(await slot(state, keys.alice, 5, [keys.lost])).toEqual({ type: "refused", code: "NOT_NEWER" });
    expect(await slot(state, keys.alice, 0, [keys.laptop])).toEqual({ type: "refused", code: "NOT_NEWER" });
    expect(await slot(state, keys.alice, 5, [])).toEqual({ type: "known" });
  });

  test("of another tenant are refused, though the slot key is the same", async () => {
    const verified = await verifySlotKeys(verifier, await signSlot(otherTenant, keys.alice, 9, [keys.lost]));
    if (verified === null) throw new TypeError("the slot keys do not verify");
    expect(applySlotKeys(await founded(), verified)).toEqual({ type: "refused", code: "WRONG_TENANT" });
  });

  test("of a slot that is not in the list are refused", async () => {
    expect(await slot(await founded(), keys.bob, 0, [keys.phone])).toEqual({ type: "refused", code: "SLOT_UNKNOWN" });
  });

  test("end with their slot, and do not return to an older version when the slot does", async () => {
    const newest = stateOf(await slot(await founded(), keys.alice, 1, [keys.phone]));
    const without = stateOf(await list(newest, { height: 1, signer: keys.admin, signers: [keys.admin] }));
    expect(rightsOf(without, login(keys.phone))).toBeNull();
    const slots = [{ slot: keys.alice, rights: PULL }];
    const again = stateOf(await list(without, { height: 2, signer: keys.admin, slots }));
    expect(await slot(again, keys.alice, 0, [keys.laptop])).toEqual({ type: "refused", code: "NOT_NEWER" });
    expect(rightsOf(again, login(keys.phone))).toEqual(PULL);
  });

  test("of two slots give one login the rights of both", async () => {
    const slots = [
      { slot: keys.alice, rights: PULL },
      { slot: keys.bob, rights: { pull: false, push: true, purge: true } },
    ];
    let state = stateOf(await list(start(), { height: 0, signer: keys.root, slots }));
    state = stateOf(await slot(state, keys.alice, 0, [keys.laptop]));
    state = stateOf(await slot(state, keys.bob, 0, [keys.laptop]));
    expect(rightsOf(state, login(keys.laptop))).toEqual({ pull: true, push: true, purge: true });
  });
});

describe("a ticket", () => {
  const forBob = { listHeight: 1, rights: PULL_PUSH };

  test("admits a slot until the relay has the list it stands for", async () => {
    const state = await founded();
    const admits = await ticket({ ...forBob, slot: keys.bob, signer: keys.admin });
    expect(ticketAdmits(state, admits)).toBe(true);
    const keysOfBob = await verifySlotKeys(verifier, await signSlot(tenant, keys.bob, 0, [keys.phone]));
    if (keysOfBob === null) throw new TypeError("the slot keys do not verify");
    expect(applySlotKeys(state, keysOfBob)).toMatchObject({ code: "SLOT_UNKNOWN" });
    const withBob = stateOf(applySlotKeys(state, keysOfBob, [admits]));
    expect(rightsOf(withBob, login(keys.phone), [admits])).toEqual(PULL_PUSH);
    expect(rightsOf(withBob, login(keys.phone))).toBeNull();

    const listed = stateOf(await list(withBob, { height: 1, signer: keys.admin, signers: [keys.admin] }));
    expect(ticketAdmits(listed, admits)).toBe(false);
    expect(rightsOf(listed, login(keys.phone), [admits])).toBeNull();
  });

  test("never gives a listed slot more than its list does", async () => {
    const generous = await ticket({
      ...forBob,
      rights: { pull: true, push: true, purge: true },
      slot: keys.alice,
      signer: keys.admin,
    });
    expect(rightsOf(await founded(), login(keys.laptop), [generous])).toEqual(PULL_PUSH);
  });

  test("of a stranger, of a removed signer, or for another epoch is void; the root's is not", async () => {
    const state = await founded();
    expect(ticketAdmits(state, await ticket({ ...forBob, slot: keys.bob, signer: keys.thief }))).toBe(false);
    const other = { ...forBob, listEpoch: 1, slot: keys.bob };
    expect(ticketAdmits(state, await ticket({ ...other, signer: keys.admin }))).toBe(false);
    expect(ticketAdmits(state, await ticket({ ...other, signer: keys.root }))).toBe(true);
    const removed = stateOf(await list(state, { height: 1, signer: keys.admin, signers: [] }));
    expect(ticketAdmits(removed, await ticket({ ...forBob, listHeight: 9, slot: keys.bob, signer: keys.admin }))).toBe(
      false,
    );
  });

  test("is void while there is no list", async () => {
    expect(ticketAdmits(start(), await ticket({ ...forBob, slot: keys.bob, signer: keys.root }))).toBe(false);
  });
});
