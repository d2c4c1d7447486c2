import { expect, test } from "vitest";
import { runSeed, type SeedResult } from "../src/run-seed.ts";

const SEEDS = process.env["SELKIE_TEST_FULL"] === undefined ? 50 : 500;
/** Beyond CI's range: entries named what was lost of the directory with a disk. */
const FOUND = [95, 483];

const failed = ({ seed, failures }: SeedResult): string => `SEED=${seed} pnpm sim: ${failures.slice(0, 3).join("; ")}`;

test("three devices and a relay converge and lose nothing, whatever happens on the way", {
  timeout: SEEDS * 6_000,
}, async () => {
  const broken: string[] = [];
  const seeds = Array.from({ length: SEEDS }, (_, at) => at + 1);
  for (const seed of new Set([...seeds, ...FOUND])) {
    const result = await runSeed(String(seed));
    if (result.failures.length > 0) broken.push(failed(result));
  }
  expect(broken).toEqual([]);
});

test("one seed does the same every time, frame by frame", async () => {
  const [first, second] = [await runSeed("again"), await runSeed("again")];
  expect(second.trace).toBe(first.trace);
  expect(second.duration).toBe(first.duration);
  expect((await runSeed("another")).trace).not.toBe(first.trace);
});

test("twelve devices converge, too", { timeout: 60_000 }, async () => {
  const result = await runSeed("many", { devices: 12, count: 150 });
  expect(result.failures.map((failure) => failure)).toEqual([]);
});
