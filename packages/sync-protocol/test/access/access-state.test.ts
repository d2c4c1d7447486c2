import { parseLoginKey, parseWriterKey } from "@selkie/entry";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type AccessChange,
  type AccessState,
  applyAccessList,
  applySlotLogin,
  emptyAccessState,
  NO_RIGHTS,
  rightsOf,
  ticketAdmits,
  verifyAccessList,
  verifyAccessTicket,
  verifySlotLogin,
} from "../../src/index.ts";
import {
  DIRECTORY,
  type ListFields,
  PULL,
  PULL_PUSH,
  signList,
  signLogin,
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

const start = (): AccessState =>
  emptyAccessState({ tenant, root: parseWriterKey(keys.root.publicKey), database: DIRECTORY });
const login = (key: TestKey) => parseLoginKey(key.publicKey);

async function list(state: AccessState, fields: Omit<ListFields, "tenant">): Promise<AccessChange> {
  const verified = await verifyAccessList(verifier, await signList({ tenant, ...fields }));
  if (verified === null) throw new TypeError("the list does not verify");
  return applyAccessList(state, verified);
}

async function enter(state: AccessState, slot: TestKey, device: TestKey): Promise<AccessChange> {
  return applySlotLogin(state, await verified(tenant, slot, device));
}

async function verified(...args: Parameters<typeof signLogin>) {
  const login = await verifySlotLogin(verifier, await signLogin(...args));
  if (login === null) throw new TypeError("the login does not verify");
  return login;
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
  return stateOf(await enter(stateOf(first), keys.alice, keys.laptop));
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

describe("a slot login", () => {
  test("lets a user's own devices in, one after the other", async () => {
    const state = await founded();
    expect(rightsOf(state, login(keys.laptop))).toEqual(PULL_PUSH);
    expect(rightsOf(state, login(keys.phone))).toBeNull();
    const next = stateOf(await enter(state, keys.alice, keys.phone));
    expect(rightsOf(next, login(keys.laptop))).toEqual(PULL_PUSH);
    expect(rightsOf(next, login(keys.phone))).toEqual(PULL_PUSH);
    expect(await enter(next, keys.alice, keys.phone)).toEqual({ type: "known" });
  });

  test("of another tenant is refused, though the slot key is the same", async () => {
    const other = await verified(otherTenant, keys.alice, keys.lost);
    expect(applySlotLogin(await founded(), other)).toEqual({ type: "refused", code: "WRONG_TENANT" });
  });

  test("of a slot that is not in the list is refused", async () => {
    expect(await enter(await founded(), keys.bob, keys.phone)).toEqual({ type: "refused", code: "SLOT_UNKNOWN" });
  });

  test("by a key that is none of the slot's is refused", async () => {
    const forged = await verified(tenant, keys.alice, keys.lost, keys.thief);
    expect(applySlotLogin(await founded(), forged)).toEqual({ type: "refused", code: "SLOT_KEY_UNKNOWN" });
  });

  test("ends with its slot, and returns with it", async () => {
    const without = stateOf(await list(await founded(), { height: 1, signer: keys.admin, signers: [keys.admin] }));
    expect(rightsOf(without, login(keys.laptop))).toBeNull();
    const slots = [{ slot: keys.alice, rights: PULL }];
    const again = stateOf(await list(without, { height: 2, signer: keys.admin, slots }));
    expect(rightsOf(again, login(keys.laptop))).toEqual(PULL);
  });

  test("has no right, and is known, when its slot has none", async () => {
    const slots = [{ slot: keys.alice, rights: NO_RIGHTS }];
    const state = stateOf(await list(await founded(), { height: 1, signer: keys.admin, slots }));
    expect(rightsOf(state, login(keys.laptop))).toEqual(NO_RIGHTS);
    expect(rightsOf(state, login(keys.phone))).toBeNull();
  });

  test("of two slots has the rights of both, and loses nothing by one that was removed", async () => {
    const slots = [
      { slot: keys.alice, rights: PULL },
      { slot: keys.bob, rights: { pull: false, push: true, purge: true } },
      { slot: keys.thief, rights: NO_RIGHTS },
    ];
    let state = stateOf(await list(start(), { height: 0, signer: keys.root, slots }));
    for (const slot of [keys.thief, keys.alice, keys.bob]) state = stateOf(await enter(state, slot, keys.laptop));
    expect(rightsOf(state, login(keys.laptop))).toEqual({ pull: true, push: true, purge: true });
  });
});

describe("a ticket", () => {
  const forBob = { listHeight: 1, rights: PULL_PUSH };

  test("admits a slot until the relay has the list it stands for", async () => {
    const state = await founded();
    const admits = await ticket({ ...forBob, slot: keys.bob, signer: keys.admin });
    expect(ticketAdmits(state, admits)).toBe(true);
    const loginOfBob = await verified(tenant, keys.bob, keys.phone);
    expect(applySlotLogin(state, loginOfBob)).toMatchObject({ code: "SLOT_UNKNOWN" });
    const withBob = stateOf(applySlotLogin(state, loginOfBob, [admits]));
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
    const slots = [{ slot: keys.alice, rights: NO_RIGHTS }];
    const ended = stateOf(await list(await founded(), { height: 1, signer: keys.admin, signers: [keys.admin], slots }));
    const later = await ticket({ listHeight: 9, rights: PULL_PUSH, slot: keys.alice, signer: keys.admin });
    expect(ticketAdmits(ended, later)).toBe(true);
    expect(rightsOf(ended, login(keys.laptop), [later])).toEqual(NO_RIGHTS);
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
