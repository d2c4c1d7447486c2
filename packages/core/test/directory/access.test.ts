import { nativeCrypto } from "@selkie/crypto/native";
import { parseWriterKey, toHex } from "@selkie/entry";
import {
  applyAccessList,
  emptyAccessState,
  encodeAccessList,
  NO_RIGHTS,
  ticketAdmits,
  verifyAccessList,
  verifyAccessTicket,
} from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import {
  draftAccessList,
  extendAccess,
  heightAbove,
  newestAccessList,
  nextAccessList,
  rightsOfRole,
  type SlotHolder,
  signAccessList,
} from "../../src/directory/access.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const key = (name: string) => crypto.importSigningKey(pattern(name, 32));
const [root, alice, bob, carol] = [await key("root"), await key("alice"), await key("bob"), await key("carol")];
const holder = (signing: { publicKey: Uint8Array }, role: SlotHolder["role"]): SlotHolder => ({
  slot: signing.publicKey,
  role,
});
const identity = { tenant: testTenant, root: parseWriterKey(root.publicKey), directory: directoryDatabase };
const founding = { tenant: testTenant, root: identity.root, database: directoryDatabase };

const first = await signAccessList(
  crypto,
  root,
  draftAccessList(testTenant, [holder(alice, "admin")], { epoch: 0, height: 0, signer: root.publicKey }),
);

test("D11 an admin may purge, an editor may push, a reader may only pull", () => {
  expect(rightsOfRole("admin")).toEqual({ pull: true, push: true, purge: true });
  expect(rightsOfRole("editor")).toEqual({ pull: true, push: true, purge: false });
  expect(rightsOfRole("reader")).toEqual({ pull: true, push: false, purge: false });
});

test("a list names slots ascending, each once, and admins' slots as the next signers", () => {
  const users = [holder(bob, "editor"), holder(alice, "admin"), holder(carol, "reader"), holder(alice, "reader")];
  const list = draftAccessList(testTenant, users, { epoch: 3, height: 4, signer: alice.publicKey });
  expect(list.slots.map(({ slot }) => toHex(slot))).toEqual(
    [alice, bob, carol].map(({ publicKey }) => toHex(publicKey)).sort(),
  );
  expect(list.signers).toEqual([alice.publicKey]);
  // Alice was granted twice: she keeps the higher right.
  expect(list.slots.find(({ slot }) => toHex(slot) === toHex(alice.publicKey))?.rights).toEqual(rightsOfRole("admin"));
  expect([list.epoch, list.height]).toEqual([3, 4]);
});

test("A3 D10 the next list goes above those that a removed admin made at the same time, but for those that are out of reach or shut its signer out", async () => {
  const listed = async (height: number, signers: readonly SlotHolder[], epoch = 0) =>
    encodeAccessList(
      await signAccessList(crypto, bob, draftAccessList(testTenant, signers, { epoch, height, signer: bob.publicKey })),
    );
  const both = [holder(alice, "admin"), holder(bob, "admin")];
  const above = (...lists: readonly Uint8Array[]) => heightAbove(first, lists, alice.publicKey);
  expect(above()).toBe(0);
  expect(above(await listed(2, both), await listed(3, both))).toBe(3);
  expect(above(await listed(3, [holder(bob, "admin")]))).toBe(0);
  expect(above(await listed(3, both, 1))).toBe(0);
  expect(above(await listed(1_024, both))).toBe(1_024);
  expect(above(await listed(1_025, both), await listed(2 ** 53 - 2, both), Uint8Array.of(1))).toBe(0);
});

describe("nextAccessList", () => {
  test("A3 keeps the slot of who was removed, without rights and among no signers, in every list after", async () => {
    const three = await signAccessList(
      crypto,
      root,
      draftAccessList(testTenant, [holder(alice, "admin"), holder(bob, "admin"), holder(carol, "reader")], {
        epoch: 0,
        height: 0,
        signer: root.publicKey,
      }),
    );
    const without = { tenant: testTenant, users: [holder(alice, "admin"), holder(carol, "reader")] };
    const next = await nextAccessList(crypto, alice, { ...without, current: three });
    const rightsOf = (list: typeof next, { publicKey }: typeof bob) =>
      list.slots.find(({ slot }) => toHex(slot) === toHex(publicKey))?.rights;
    expect(rightsOf(next, bob)).toEqual(NO_RIGHTS);
    expect(rightsOf(next, carol)).toEqual(rightsOfRole("reader"));
    expect(next.signers.map(toHex)).toEqual([toHex(alice.publicKey)]);
    const later = await nextAccessList(crypto, alice, { ...without, current: next });
    expect(rightsOf(later, bob)).toEqual(NO_RIGHTS);
    const again = await nextAccessList(crypto, alice, {
      ...without,
      users: [...without.users, holder(bob, "editor")],
      current: later,
    });
    expect(rightsOf(again, bob)).toEqual(rightsOfRole("editor"));
    expect(again.slots).toHaveLength(3);
  });
});

describe("extendAccess", () => {
  const users = [holder(alice, "admin")];
  const joining = holder(bob, "editor");

  test("makes a list that a relay takes after the one before, and a ticket that counts until it does", async () => {
    const { list, ticket } = await extendAccess(crypto, alice, { tenant: testTenant, users, joining, current: first });
    const verified = [await verifyAccessList(crypto, first), await verifyAccessList(crypto, list)];
    const admission = await verifyAccessTicket(crypto, ticket);
    if (!verified[0] || !verified[1] || !admission) return expect.fail("signatures");
    const before = applyAccessList(emptyAccessState(founding), verified[0]);
    if (before.type !== "applied") return expect.fail("the first list");
    expect(ticketAdmits(before.state, admission)).toBe(true);
    const after = applyAccessList(before.state, verified[1]);
    if (after.type !== "applied") return expect.fail("the second list");
    expect(ticketAdmits(after.state, admission)).toBe(false);
    expect(after.state.list?.slots).toHaveLength(2);
  });

  test("is worth nothing when somebody signs that the list before does not name", async () => {
    const { list, ticket } = await extendAccess(crypto, bob, { tenant: testTenant, users, joining, current: first });
    expect(await newestAccessList(crypto, identity, [encodeAccessList(first), encodeAccessList(list)])).toEqual(first);
    const [verified, admission] = [await verifyAccessList(crypto, first), await verifyAccessTicket(crypto, ticket)];
    if (!verified || !admission) return expect.fail("signatures");
    const state = applyAccessList(emptyAccessState(founding), verified);
    expect(state.type === "applied" && ticketAdmits(state.state, admission)).toBe(false);
  });
});

describe("newestAccessList", () => {
  test("ends where a relay would, whatever the order in the directory", async () => {
    const users = [holder(alice, "admin")];
    const { list: second } = await extendAccess(crypto, alice, {
      tenant: testTenant,
      users,
      joining: holder(bob, "admin"),
      current: first,
    });
    const { list: third } = await extendAccess(crypto, bob, {
      tenant: testTenant,
      users: [...users, holder(bob, "admin")],
      joining: holder(carol, "reader"),
      current: second,
    });
    const lists = [third, first, second].map(encodeAccessList);
    expect(await newestAccessList(crypto, identity, lists)).toEqual(third);
    expect(await newestAccessList(crypto, identity, lists.toReversed())).toEqual(third);
  });

  test("passes over what is not signed, not readable or from nobody", async () => {
    const forged = { ...first, height: 9 };
    const lists = [encodeAccessList(forged), pattern("no list", 100), encodeAccessList(first)];
    expect(await newestAccessList(crypto, identity, lists)).toEqual(first);
    expect(await newestAccessList(crypto, { ...identity, root: null }, lists)).toBeNull();
    expect(await newestAccessList(crypto, identity, [])).toBeNull();
  });
});
