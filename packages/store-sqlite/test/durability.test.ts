import { cpSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, type Head, parseBlobHash } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import { describe, expect, it } from "vitest";
import { connect } from "../src/connection.ts";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { newDirectory } from "./sqlite-place.ts";

const KILLS = process.env["SELKIE_TEST_FULL"] === undefined ? 20 : 200;
/** SQLite moves the log into the file at each thousand pages; what one transaction adds comes on top. */
const LONGEST_LOG = 8 * 2 ** 20;
/** Where Linux counts the bytes that this process reads. */
const COUNTER = "/proc/self/io";
if (!existsSync(COUNTER)) {
  if (process.env["CI"] === "true") throw new Error(`CI needs ${COUNTER}, which counts what is read`);
  console.warn(`NOT RUN: what opening reads (no ${COUNTER})`);
}
const EVERYTHING = { entries: 2_048, bytes: 4_000_000 };

describe("durability", () => {
  it("syncs every commit: the live connection has WAL and synchronous=FULL, also when the file is reopened", async () => {
    const directory = await newDirectory();
    for (let i = 0; i < 2; i++) {
      const db = await connect(join(directory, "selkie.db"), { maxBytes: 1e9 });
      expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
      expect(db.pragma("synchronous", { simple: true })).toBe(2);
      expect(db.pragma("locking_mode", { simple: true })).toBe("exclusive");
      expect(db.pragma("secure_delete", { simple: true })).toBe(1);
      db.close();
    }
    rmSync(directory, { recursive: true });
  });

  it("makes one transaction of what is committed at once", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
    const log = join(directory, "selkie.db-wal");
    const pagesOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = statSync(log).size;
      await work();
      return Math.floor((statSync(log).size - before) / 4_096);
    };
    const put = (number: number) => store.state.put(Uint8Array.of(1), publicState(bytesOf(number, 20)));
    await put(0);
    const grouped = await pagesOf(() => Promise.all(Array.from({ length: 50 }, (_, number) => put(number))));
    const alone = await pagesOf(async () => {
      for (let number = 0; number < 50; number++) await put(number);
    });
    // A transaction logs a changed page once.
    expect(alone).toBeGreaterThanOrEqual(50);
    expect(grouped).toBeLessThanOrEqual(5);
    rmSync(directory, { recursive: true });
  });

  it.skipIf(!existsSync(COUNTER))(
    "opens again after a kill by reading its log and a few pages, however much it holds",
    async () => {
      const directory = await newDirectory();
      await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
      let held = 0;
      for (const most of [500, 10_000, 20_000]) {
        for (; held < most; held += 500) {
          const values = Array.from({ length: 500 }, (_, at) => bytesOf(held + at, 1_000));
          await Promise.all(values.map((value) => store.state.put(value.slice(0, 16), publicState(value))));
        }
        const killed = await newDirectory();
        cpSync(directory, killed, { recursive: true }); // as a kill would leave it
        const log = statSync(join(killed, "selkie.db-wal")).size;
        expect(log).toBeLessThan(LONGEST_LOG);
        // Once to find what of it counts, once to move it.
        expect(await readsOfOpening(killed)).toBeLessThan(2 * log + 500_000);
        rmSync(killed, { recursive: true });
      }
      expect(statSync(join(directory, "selkie.db")).size).toBeGreaterThan(3 * LONGEST_LOG);
      rmSync(directory, { recursive: true });
    },
  );

  it(`loses no acknowledged write in ${KILLS} kills of the process that writes`, {
    timeout: 60_000 + KILLS * 6_000,
  }, async () => {
    // Two directories at a time: starting a process takes longer than what it does.
    await Promise.all([killOften(KILLS / 2, 1), killOften(KILLS / 2, 2)]);
  });
});

/** Bytes that are read to open a store. */
async function readsOfOpening(directory: string): Promise<number> {
  const read = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(COUNTER, "utf8"))?.[1]);
  const before = read();
  await using _store = await openSqliteStore({ directory, verifier: nativeVerifier });
  return read() - before;
}

/** Kills a writing process again and again in one directory, and checks what it acknowledged. */
async function killOften(kills: number, lane: number): Promise<void> {
  const directory = await newDirectory();
  const instances = new Set<string>();
  for (let kill = 0; kill < kills; kill++) {
    const seed = lane * 1_000 + kill;
    const child = new Child("write", directory, { seed });
    // After how much of its work it dies follows from the seed.
    await child.hear(2 + (bytesOf(seed, 1)[0] ?? 0));
    await child.kill();
    instances.add(child.lines[0] ?? "");
    await checkAcknowledged(directory, child.lines.slice(1), seed);
  }
  expect(instances.size).toBe(kills);
  rmSync(directory, { recursive: true });
}

async function checkAcknowledged(directory: string, lines: readonly string[], seed: number): Promise<void> {
  // Opening again reads the log and little more: how long that takes, its length bounds.
  expect(statSync(join(directory, "selkie.db-wal")).size).toBeLessThan(LONGEST_LOG);
  await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
  const entries = store.entries(tenantOf(1), databaseOf(1));
  const vector = await entries.vector();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    if (line.startsWith("blob ")) {
      const hash = parseBlobHash(Uint8Array.from(Buffer.from(line.slice(5), "hex")));
      expect(await store.blobs(tenantOf(1)).get(hash), `SEED=${seed}: ${line}`).toBeDefined();
      continue;
    }
    const [writer = "", seq, key = "", number] = line.split(" ");
    const head: Head | undefined = vector.get(writer);
    expect(head?.seq, `SEED=${seed}: ${line}`).toBeGreaterThanOrEqual(Number(seq));
    const value = await store.state.get(Uint8Array.from(Buffer.from(key, "hex")));
    expect(value !== undefined && equalBytes(value, bytesOf(Number(number), 50)), `SEED=${seed}: ${line}`).toBe(true);
  }
  // And what is there reads as one chain, up to its head.
  const { key } = await TestWriter.create(nativeVerifier, databaseOf(1), seed);
  let from = 0;
  for (;;) {
    const run = await entries.read(key, from, EVERYTHING);
    if (run === null) break;
    from += run.entries.length;
  }
  expect(from).toBe((vector.get(Buffer.from(key).toString("hex"))?.seq ?? -1) + 1);
}
