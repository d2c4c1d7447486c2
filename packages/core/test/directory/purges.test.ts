import { type DatabaseId, parseEntryId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { isConfirmed, PartNames, type Purge } from "../../src/directory/purges.ts";
import type { PartName } from "../../src/directory/statement.ts";
import { docIdOfBytes } from "../../src/document/doc-id.ts";
import { directoryDatabase, otherDatabase, pattern, testDatabase } from "../fixture.ts";
import { type Voice, World } from "./world.ts";

const document = pattern("document", 32);
const partOf = (entry: string, part: number): PartName => ({ entry: parseEntryId(pattern(entry, 32)), part });
const [first, second] = [partOf("a", 0), partOf("b", 7)];

function purge(world: World, by: Voice, parts: readonly PartName[], database: DatabaseId = testDatabase) {
  return world.say(by, { type: "purge", database, documents: [document], parts });
}

const idOf = ({ id }: PlacedStatement): string => toHex(id);
const counting = (world: World, database: DatabaseId = testDatabase): readonly Purge[] =>
  world.view().purges.get(toHex(database)) ?? [];

test("D11 only what an admin or the root says is purged, and nothing of the directory ever is", async () => {
  const world = new World();
  const admin = await world.grant(world.root, "admin", "admin");
  const editor = await world.grant(world.root, "editor", "editor");
  const reader = await world.grant(world.root, "reader", "reader");
  const byAdmin = purge(world, admin, [first]);
  const byRoot = purge(world, world.root, [second], otherDatabase);
  const refused = [purge(world, editor, [second]), purge(world, reader, [second])];
  purge(world, admin, [first], directoryDatabase);
  purge(world, world.root, [first], directoryDatabase);
  expect(counting(world).map(({ id }) => id)).toEqual([idOf(byAdmin)]);
  expect(counting(world, otherDatabase)).toMatchObject([{ id: idOf(byRoot), person: null }]);
  expect([...world.view().purges.keys()].sort()).toEqual([toHex(testDatabase), toHex(otherDatabase)].sort());
  expect(refused.map((placed) => world.rejection(placed))).toEqual(["NOT_ADMIN", "NOT_ADMIN"]);
  const [said] = counting(world);
  expect(said?.documents).toEqual([docIdOfBytes(document)]);
  expect([first, second].map(({ entry, part }) => said && PartNames.of([said]).has(entry, part))).toEqual([
    true,
    false,
  ]);
  expect(said && PartNames.of([said]).has(first.entry, 1)).toBe(false);
});

test("D10 a purge beyond the cut of its author counts nowhere, and is known to count no more", async () => {
  const world = new World();
  const admin = await world.grant(world.root, "admin", "admin");
  const placed = purge(world, admin, [first]);
  expect(counting(world)).toHaveLength(1);
  expect(world.view().voidPurges).toEqual([]);
  const target = admin.certificate?.certificate.admission;
  if (target === undefined) throw new RangeError("nobody was admitted");
  world.say(world.root, { type: "revoke", targets: [target], identityKeys: [], wipe: null, cuts: [] });
  expect(counting(world)).toEqual([]);
  expect(world.view().voidPurges.map(({ id }) => id)).toEqual([idOf(placed)]);
});

test("is confirmed by what another person says of each of its parts, whatever else it says", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(world.root, "bob", "admin");
  const whole = purge(world, alice, [first, second]);
  purge(world, alice, [first, second]);
  const confirmed = (): readonly string[] =>
    counting(world)
      .filter((each) => isConfirmed(each, counting(world)))
      .map(({ id }) => id);
  expect(confirmed()).toEqual([]);
  const half = purge(world, bob, [second]);
  expect(confirmed()).toEqual([idOf(half)]);
  purge(world, bob, [first]);
  expect(confirmed()).toContain(idOf(whole));
});

test("is not confirmed by what another person says of other documents", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(world.root, "bob", "admin");
  purge(world, alice, [first]);
  const documents = [pattern("another document", 32)];
  world.say(bob, { type: "purge", database: testDatabase, documents, parts: [] });
  expect(counting(world).filter((each) => isConfirmed(each, counting(world)))).toEqual([]);
});
