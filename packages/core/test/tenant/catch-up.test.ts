import { parseStatementId, type StatementId, toHex } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Admission, Member } from "../../src/directory/admission.ts";
import { namesToVisit } from "../../src/tenant/catch-up.ts";
import { pattern } from "../fixture.ts";

const people = ["alice", "bob", "mallory"].map((name) => parseStatementId(pattern(name, 32)));
const [alice, bob, mallory] = people as [StatementId, StatementId, StatementId];

function said(user: StatementId | "root", ...names: readonly string[]) {
  const author = {
    id: user,
    user,
    name: "",
    role: "editor",
    device: pattern("device", 32),
    userKem: pattern("kem", 32),
  };
  return names.map((name) => ({ author: author as unknown as Admission, name }));
}

/** A person is the user that they were granted as. */
const viewOf = (databasesSaid: ReturnType<typeof said>) => ({
  databasesSaid,
  personOf: ({ user }: Member) => parseStatementId(user),
});

const flood = (name: string, length: number) => Array.from({ length }, (_, at) => `${name} ${at}`);

test("D12 whoever loses rights and named databases without end keeps nobody from looking through those that others named", () => {
  const view = viewOf([...said(mallory, ...flood("m", 9_000), "shared"), ...said(bob, "zz"), ...said("root", "first")]);
  const names = namesToVisit(view, [mallory]);
  expect(names.slice(0, 2).sort()).toEqual(["first", "zz"]);
  expect(names).toHaveLength(2 + 512);
  expect(namesToVisit(view, [bob])).toHaveLength(1 + 4_096);
});

test("D12 who helps with a flood of names takes no place of anybody else's", () => {
  const view = viewOf([
    ...said(bob, ...flood("b", 9_000)),
    ...said(mallory, ...flood("m", 9_000)),
    ...said(alice, ...flood("real", 1_000)),
  ]);
  const names = new Set(namesToVisit(view, [mallory]));
  for (const name of flood("real", 1_000)) expect(names).toContain(name);
  expect(names.size).toBe(4_096 + 512);
});

test("below the bounds every name is looked at once, and what others named comes first", () => {
  const entry = fc.tuple(fc.constantFrom(...people), fc.integer({ min: 0, max: 40 }));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 80 }), fc.subarray(people), (list, ended) => {
      const view = viewOf(list.flatMap(([user, name]) => said(user, `${name}`)));
      const names = namesToVisit(view, ended);
      expect([...names].sort()).toEqual([...new Set(list.map(([, name]) => `${name}`))].sort());
      const persons = new Set(ended.map(toHex));
      const others = new Set(list.flatMap(([user, name]) => (persons.has(toHex(user)) ? [] : [`${name}`])));
      expect(new Set(names.slice(0, others.size))).toEqual(others);
    }),
  );
});
