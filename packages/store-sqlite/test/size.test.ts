import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { encodeEntryBody, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

const ENTRIES = 5_000;

/** Bytes of the file per entry beyond bodies and signatures. */
async function overheadOf(shape: { count: number; parts: number; bytes: number }): Promise<number> {
  const directory = await newDirectory();
  const writer = await TestWriter.create(nativeVerifier, databaseOf(1), 1);
  const runs: VerifiedRun[] = [];
  for (let written = 0; written < ENTRIES; written += shape.count) runs.push(await writer.write(shape));
  const empty = await sizeAfter(directory, []);
  const full = await sizeAfter(directory, runs);
  rmSync(directory, { recursive: true });
  const entries = runs.flatMap((run) => run.entries);
  const content = entries.reduce(
    (sum, entry) => sum + encodeEntryBody(entry).length + (entry.signature === null ? 0 : 64),
    0,
  );
  return (full - empty - content) / entries.length;

  async function sizeAfter(path: string, toAppend: readonly VerifiedRun[]): Promise<number> {
    const store = await openSqliteStore({ directory: path, verifier: nativeVerifier });
    for (let at = 0; at < toAppend.length; at += 50) {
      await store.entries(tenantOf(1), databaseOf(1)).append(toAppend.slice(at, at + 50));
    }
    await store[Symbol.asyncDispose]();
    return statSync(join(path, "selkie.db")).size;
  }
}

describe("bytes at rest", () => {
  it("are at most 120 an entry beyond body and signature", { timeout: 120_000 }, async () => {
    const batched = await overheadOf({ count: 100, parts: 1, bytes: 400 });
    const single = await overheadOf({ count: 1, parts: 1, bytes: 160 });
    console.log(`overhead: ${batched.toFixed(1)} B in runs of 100, ${single.toFixed(1)} B one by one`);
    expect(batched).toBeLessThanOrEqual(120);
    expect(single).toBeLessThanOrEqual(120);
  });
});
