// The slot keys of a user over its user keys, and what a relay makes of them.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseLoginKey, parseWriterKey, toHex } from "@selkie/entry";
import {
  ALL_RIGHTS,
  applyAccessList,
  emptyAccessState,
  NO_RIGHTS,
  presentDocuments,
  rightsOf,
  verifyAccessList,
} from "@selkie/sync-protocol";
import { beforeAll, expect, test } from "vitest";
import { slotDocuments } from "../../src/connection/access-documents.ts";
import { draftAccessList, signAccessList } from "../../src/directory/access.ts";
import { newIdentity, nextSlotKeyFor, slotKeyFor } from "../../src/directory/identity.ts";
import { directoryDatabase, pattern, repeatableCrypto, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const salt = pattern("slot salt", 16);
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const key = (name: string) => crypto.importSigningKey(pattern(name, 32));
const [root, laptop, phone, lost] = await Promise.all(["root", "laptop", "phone", "lost"].map(key));
const first = await slotKeyFor(crypto, alice, salt);
const second = await nextSlotKeyFor(crypto, pattern("second user key", 32), salt);
const third = await nextSlotKeyFor(crypto, pattern("third user key", 32), salt);

/** A relay that has one list, with Alice's slot. */
async function relay() {
  if (root === undefined) throw new TypeError("no keys");
  const place = { epoch: 0, height: 0, signer: root.publicKey };
  const draft = draftAccessList(testTenant, [{ slot: first.publicKey, role: "admin" }], place);
  const list = await verifyAccessList(crypto, await signAccessList(crypto, root, draft));
  if (list === null) throw new TypeError("the list does not verify");
  const founding = { tenant: testTenant, root: parseWriterKey(root.publicKey), database: directoryDatabase };
  const change = applyAccessList(emptyAccessState(founding), list);
  if (change.type !== "applied") throw new TypeError("the list does not count");
  let { state } = change;
  return {
    present: async (login: typeof laptop, ...keys: readonly (typeof first)[]) => {
      if (login === undefined) throw new TypeError("no keys");
      const documents = await slotDocuments(crypto, { tenant: testTenant, keys, login });
      state = (await presentDocuments(crypto, testTenant, state, documents)).state ?? state;
    },
    rights: (login: typeof laptop) => login && rightsOf(state, parseLoginKey(login.publicKey)),
  };
}

let at: Awaited<ReturnType<typeof relay>>;
beforeAll(async () => {
  at = await relay();
});

test("A9 a next slot key is another for every user key and every tenant, and no other key of theirs", async () => {
  const seed = pattern("second user key", 32);
  const elsewhere = await nextSlotKeyFor(crypto, seed, pattern("other salt", 16));
  const same = await slotKeyFor(crypto, { ...alice, slotSeed: seed }, salt);
  const keys = [first, second, third, elsewhere, same, await crypto.importSigningKey(seed)];
  expect(new Set(keys.map(({ publicKey }) => toHex(publicKey))).size).toBe(keys.length);
  expect((await nextSlotKeyFor(crypto, seed, salt)).publicKey).toEqual(second.publicKey);
});

test("A3 a lost device that has the keys of before does not let itself in again, the others go on", async () => {
  await at.present(lost, first);
  await at.present(phone, first);
  expect([lost, phone].map(at.rights)).toEqual([ALL_RIGHTS, ALL_RIGHTS]);
  await at.present(laptop, first, second);
  expect([lost, phone, laptop].map(at.rights)).toEqual([NO_RIGHTS, NO_RIGHTS, ALL_RIGHTS]);
  await at.present(lost, first);
  await at.present(lost, first, third); // a key of its own choice
  await at.present(phone, first, second);
  expect([lost, phone, laptop].map(at.rights)).toEqual([NO_RIGHTS, ALL_RIGHTS, ALL_RIGHTS]);
  await at.present(laptop, first, second, third);
  await at.present(phone, first, second, third);
  expect([lost, phone, laptop].map(at.rights)).toEqual([NO_RIGHTS, ALL_RIGHTS, ALL_RIGHTS]);
});
