// A document belongs to one key, which its id says: whatever is sealed under another key is of another document.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { permutations } from "../permutations.ts";
import { type Device, Lab, placeOf } from "./lab.ts";

const secret = placeOf("the plan", "board");
const open = placeOf("the plan", "default");
const set = (text: string, value: number) => ({ ops: [{ key: { text }, value }] });

/** A document of the board's by Alice, with a change by Bob; and all that Mallory, who may write under the default key, can say of it. */
async function begin() {
  const lab = await Lab.begin("document keys", ["default", "board"]);
  const [common, board] = lab.keys;
  if (common === undefined || board === undefined) return expect.fail("two keys");
  const [alice, bob] = [await lab.author("alice"), await lab.author("bob")];
  const mallory = await lab.author("mallory", [common]);
  const first = handMade({ actor: alice.actor(secret), ...set("title", 1) });
  const then = { startOp: 2, deps: [first.hash] };
  const next = handMade({ actor: bob.actor(secret), ...then, ...set("more", 2) });
  const asOfBoard = { actor: mallory.actor(secret), key: { key: common } };
  const forged = handMade({ actor: asOfBoard.actor, ...set("title", 3) });
  const own = handMade({ actor: mallory.actor(open), ...set("title", 4) });
  const upon = { actor: mallory.actor(open), seq: 2, startOp: 2, deps: [own.hash, first.hash].sort() };
  const runs = {
    alice: await alice.write([alice.part(secret, first.bytes, { kind: "create" })]),
    bob: await bob.write([bob.part(secret, next.bytes)]),
    mallory: await mallory.write(
      [mallory.part(secret, handMade({ ...then, ...asOfBoard, ...set("title", 3) }).bytes, asOfBoard.key)],
      [mallory.part(secret, forged.bytes, { kind: "create", ...asOfBoard.key })],
      [mallory.part(open, own.bytes, { kind: "create" })],
      [mallory.part(open, handMade({ ...upon, ops: [] }).bytes, { kind: "delete" })],
      [mallory.part(secret, forged.bytes)], // she has the key of the board, and no right to it
    ),
  };
  return { lab, common, board, runs };
}

const entryOf = (run: VerifiedRun, at: number): string => toHex(run.entries[at]?.id ?? expect.fail("an entry"));

test("D11 nothing that is sealed under another key than a document's gets into it, in every order of entries and keys", async () => {
  const { lab, common, board, runs } = await begin();
  const events = {
    ...{ alice: (device: Device) => device.receive(runs.alice), bob: (device: Device) => device.receive(runs.bob) },
    mallory: (device: Device) => device.receive(runs.mallory),
    key: (device: Device) => device.give(board),
  };
  const states = new Set<string>();
  for (const order of permutations(["alice", "bob", "mallory", "key"] as const)) {
    const device = await lab.device(order.join(), [common]);
    for (const name of order) await events[name](device);
    const said = order.join();
    expect((await device.database.getDocument(docIdOf(secret))).getData(), said).toEqual({
      title: 1,
      more: 2,
    });
    expect((await device.database.getDocument(docIdOf(open))).getData(), said).toEqual({ title: 4 });
    const refused = [
      `${entryOf(runs.mallory, 0)} CHANGE_ACTOR_FORGED`,
      `${entryOf(runs.mallory, 1)} CHANGE_ACTOR_FORGED`,
      `${entryOf(runs.mallory, 3)} CHANGE_WAITING`,
      `${entryOf(runs.mallory, 4)} WRITE_NOT_ENTITLED`,
    ].sort();
    expect(device.quarantined(), said).toEqual(refused);
    states.add(JSON.stringify(await device.show([docIdOf(secret), docIdOf(open)])));
  }
  expect(states.size).toBe(1);
});

test("D11 who holds the other key alone sees no document of that id, whatever is there", async () => {
  const { lab, common, runs } = await begin();
  const device = await lab.device("replica", [common]);
  await device.receive(runs.alice, runs.bob, runs.mallory);
  expect(await device.database.findDocument(docIdOf(secret))).toBeUndefined();
  expect(await device.database.getAllDocumentIds()).toEqual([docIdOf(open)]);
});

test("D11 what is written here stays under the document's key, and one name under two keys is two documents", async () => {
  const { lab, common } = await begin();
  const [device, other] = [await lab.device("both", lab.keys), await lab.device("one", [common])];
  const { database } = device;
  const [hidden, shown] = [
    await database.createDocument({ of: "board" }, { id: "settings", key: "board" }),
    await database.createDocument({ of: "all" }, { id: "settings" }),
  ];
  expect(hidden.id).not.toBe(shown.id);
  await expect(database.createDocument({}, { id: "settings", key: "board" })).rejects.toMatchObject({
    code: "DOC_EXISTS",
  });
  await device.assembled.flush();
  const edited = await (await device.reopened()).database.getDocument(hidden.id);
  for (const doc of [hidden, shown])
    await database.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { edited: true }));
  await other.receive(...(await device.runs()));
  expect(edited.getData()).toEqual({ of: "board" });
  expect(await other.database.getAllDocumentIds()).toEqual([shown.id]);
  expect((await other.database.getDocument(shown.id)).getData()).toEqual({ of: "all", edited: true });
});
