import { nativeVerifier } from "@selkie/entry/native";
import { expect, it } from "vitest";
import { databaseOf, TestWriter, tenantOf } from "../src/contract.ts";
import { memoryStore, readEntry, readRuns } from "../src/index.ts";
import { randomBytes } from "./memory/memory-place.ts";

async function held(...counts: readonly number[]) {
  const author = await TestWriter.create(nativeVerifier, databaseOf(1), 1);
  const entries = memoryStore({ verifier: nativeVerifier, random: randomBytes }).entries(tenantOf(1), databaseOf(1));
  for (const count of counts) await entries.append([await author.write({ count })]);
  return { author, entries };
}

it("reads an entry in the middle of what one signature covers, and none beyond the end", async () => {
  const { author, entries } = await held(4);
  expect((await readEntry(entries, author.key, 2))?.header.seq).toBe(2);
  expect(await readEntry(entries, author.key, 4)).toBeNull();
});

it("reads a chain from a place on to its end, each entry once", async () => {
  const { author, entries } = await held(200, 150, 3);
  const seqs: number[] = [];
  for await (const run of readRuns(entries, author.key, 5)) seqs.push(...run.entries.map(({ header }) => header.seq));
  expect(seqs).toEqual(Array.from({ length: 348 }, (_, at) => at + 5));
});

it("reads what is appended while it reads", async () => {
  const { author, entries } = await held(2);
  const counts: number[] = [];
  for await (const run of readRuns(entries, author.key, 0)) {
    counts.push(run.entries.length);
    if (counts.length === 1) await entries.append([await author.write({ count: 3 })]);
  }
  expect(counts).toEqual([2, 3]);
});
