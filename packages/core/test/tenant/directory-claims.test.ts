import { parseEntryId, parseKeyTag, type VerifiedEntry } from "@selkie/entry";
import { expect, test } from "vitest";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import { DirectoryClaims } from "../../src/tenant/directory-claims.ts";
import { Lab } from "../database/lab.ts";
import { identity } from "../directory/world.ts";
import { pattern, testDatabase } from "../fixture.ts";

const directoryDatabase = identity.directory;

async function begin() {
  const lab = await Lab.begin("claims");
  const author = await lab.author("bob");
  const [entry] = (await author.write([])).entries as readonly VerifiedEntry[];
  const admission = lab.world.view().admission(author.admission);
  if (entry === undefined || admission === undefined) throw new RangeError("an author");
  const held = new Set<string>();
  const settled: string[] = [];
  let forks: DirectoryView["forks"] = [];
  const claims = new DirectoryClaims({
    platform: { scheduler: { after: () => () => undefined }, report: () => undefined },
    directory: directoryDatabase,
    entries: { find: async (id) => (held.has(id.join()) ? entry : undefined) },
    ring: { find: async () => undefined, current: () => lab.directoryKey },
    view: () => ({ ...lab.world.view(), forks }),
    catchUp: async () => true,
    onWithheld: () => undefined,
    onSettled: () => settled.push("settled"),
  });
  const head = parseEntryId(pattern("head", 32));
  const fork = (database: typeof directoryDatabase) => {
    forks = [{ database, writer: entry.header.writer, seq: 0, rivals: [], rivalOf: new Map(), isTorn: false }];
  };
  return { claims, entry, admission, head, held, settled, fork };
}

test("A4 a head that is not here holds up its database and no other, until it is here", async () => {
  const { claims, entry, admission, head, held, settled } = await begin();
  await claims.take({ entry, admission, heads: [head], tag: null });
  expect([claims.holds(testDatabase), claims.holds(directoryDatabase)]).toEqual([true, false]);
  held.add(head.join());
  await claims.look();
  expect([claims.holds(testDatabase), settled]).toEqual([false, ["settled"]]);
});

test("A4 where the directory is proven to fork a head holds nothing up; a fork elsewhere changes nothing", async () => {
  const { claims, entry, admission, head, fork } = await begin();
  await claims.take({ entry, admission, heads: [head], tag: null });
  fork(testDatabase);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(true);
  fork(directoryDatabase);
  await claims.look();
  expect(claims.holds(testDatabase)).toBe(false);
});

test("A4 a control part under a directory key that nobody told this device of holds up its database", async () => {
  const { claims, entry, admission } = await begin();
  await claims.take({ entry, admission, heads: [], tag: parseKeyTag(pattern("tag", 16)) });
  expect(claims.holds(testDatabase)).toBe(true);
  await claims.close();
});
