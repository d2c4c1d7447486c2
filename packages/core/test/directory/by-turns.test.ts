import { expect, test } from "vitest";
import { byTurns } from "../../src/directory/by-turns.ts";

const said = (author: string, ...names: readonly string[]) => names.map((name) => ({ author, name }));

test("D12 who says names without end leaves the places of others to them", () => {
  const flood = said("mallory", ...Array.from({ length: 10_000 }, (_, at) => `${at}`));
  const found = byTurns([...flood, ...said("alice", "contacts", "tasks"), ...said("bob", "notes")], 100);
  expect(found).toHaveLength(100);
  expect(found).toEqual(expect.arrayContaining(["contacts", "tasks", "notes"]));
});

test("a name that several say is there once, and few names are all there", () => {
  const all = [...said("alice", "a", "b", "c"), ...said("bob", "b", "d")];
  expect([...byTurns(all, 10)].sort()).toEqual(["a", "b", "c", "d"]);
  expect(byTurns(all, 2)).toEqual(["a", "b"]);
  expect(byTurns([], 2)).toEqual([]);
});
