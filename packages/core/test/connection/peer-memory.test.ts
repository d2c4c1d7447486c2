import { parseDatabaseId } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { PeerMemory } from "../../src/connection/peer-memory.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { pattern, repeatableCrypto, testDatabase, testTenant } from "../fixture.ts";

test("what is new of several databases is written together, so that a store syncs its disk once", async () => {
  const crypto = repeatableCrypto("peer memory");
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  using secret = await crypto.importSecret(pattern("local", 32));
  const local = new LocalState(crypto, store.state, secret, testTenant);
  const all = Promise.withResolvers<void>();
  let asked = 0;
  const rows = {
    get: store.state.get.bind(store.state),
    range: store.state.range.bind(store.state),
    remove: store.state.remove.bind(store.state),
    put: async (...row: Parameters<typeof store.state.put>) => {
      asked += 1;
      if (asked === 3) all.resolve();
      await all.promise; // none is written before all are asked for
      await store.state.put(...row);
    },
  };
  const options = { peer: pattern("peer", 16), later: () => () => undefined, report: () => undefined };
  const memory = new PeerMemory(local, rows, options);
  const databases = [1, 2, 3].map((nth) => parseDatabaseId(pattern(`database ${nth}`, 32)));
  for (const [at, database] of databases.entries()) await memory.caughtUp(database, at + 1);
  await memory.save();
  const read = new PeerMemory(local, rows, options);
  const positions = databases.map(async (database) => (await read.of(database)).position);
  expect(await Promise.all(positions)).toEqual([1, 2, 3]);
});

test("what a relay acknowledged and cannot be noted is reported, and noted by the next save", async () => {
  const crypto = repeatableCrypto("peer memory");
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  using secret = await crypto.importSecret(pattern("local", 32));
  const local = new LocalState(crypto, store.state, secret, testTenant);
  const reports: unknown[] = [];
  const due: (() => void)[] = [];
  let full = true;
  const rows = {
    get: store.state.get.bind(store.state),
    range: store.state.range.bind(store.state),
    remove: store.state.remove.bind(store.state),
    put: async (...row: Parameters<typeof store.state.put>) => {
      if (full) throw new RangeError("disk full");
      await store.state.put(...row);
    },
  };
  const later = (_: number, run: () => void) => {
    due.push(run);
    return () => undefined;
  };
  const open = () =>
    new PeerMemory(local, rows, { peer: pattern("peer", 16), later, report: (error) => void reports.push(error) });
  const memory = open();
  await memory.caughtUp(testDatabase, 7);
  for (const run of due) run();
  await expect(memory.save()).rejects.toThrow("disk full");
  expect(reports.map(String)).toEqual(["RangeError: disk full"]);
  full = false;
  await memory.save();
  expect((await open().of(testDatabase)).position).toBe(7);
});
