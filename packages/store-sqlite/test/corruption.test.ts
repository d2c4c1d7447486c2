// THREATS part 3, corruption: bytes and pages of the store's files are flipped, zeroed, cut off. Whatever the store then says is
// true, or it says that it is damaged; what comes from peers heals.
import { createHash } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeEntryBody, equalBytes, toHex, type Vector, type VerifiedEntry } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { type Store, StoreError } from "@selkie/store";
import { bytesOf, databaseOf, tenantOf } from "@selkie/store/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { append, type Chain, fill, makeChains, makeState } from "./filling.ts";
import { newDirectory } from "./sqlite-place.ts";

const CASES = process.env["SELKIE_TEST_FULL"] === undefined ? 200 : 10_000;
const FIRST_SEED = Number(process.env["SEED"] ?? 1);
/** Beyond the cases of every run: a damaged name, and a row without content, that were not reported. */
const FAILED_ONCE = [2169, 5767];
const EVERYTHING = { entries: 2_048, bytes: 4_000_000 };

let template: string;
let chains: readonly Chain[];
const state = makeState();

beforeAll(async () => {
  template = await newDirectory();
  chains = await makeChains();
  await using store = await openSqliteStore({ directory: template, verifier: nativeVerifier });
  await fill(store);
});

afterAll(() => rmSync(template, { recursive: true }));

/** The directory of a store whose owner was killed: everything is in the log still. */
async function killedStore(): Promise<string> {
  const directory = await newDirectory();
  const child = new Child("fill", directory);
  await child.hear("ready");
  await child.kill();
  return directory;
}

/** Numbers that follow from a seed. */
function numbersOf(seed: number): (below: number) => number {
  const bytes = bytesOf(100_000 + seed, 400);
  let at = 0;
  return (below) => {
    at += 4;
    return new DataView(bytes.buffer, at - 4).getUint32(0) % below;
  };
}

/** Damages a file in place; what was done, for the message of a failing test. */
function damage(path: string, next: (below: number) => number): string {
  const bytes = readFileSync(path);
  const at = next(bytes.length);
  const page = at - (at % 4_096);
  const kinds: Readonly<Record<string, () => void>> = {
    "a bit": () => bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << next(8)), at),
    "a byte": () => bytes.writeUInt8(next(256), at),
    "zeroed bytes": () => bytes.fill(0, at, Math.min(bytes.length, at + 1 + next(64))),
    "random bytes": () => bytes.set(bytesOf(at, Math.min(bytes.length - at, 1 + next(64))), at),
    "a zeroed page": () => bytes.fill(0, page, Math.min(bytes.length, page + 4_096)),
    "a random page": () => bytes.set(bytesOf(at, Math.min(4_096, bytes.length - page)), page),
  };
  const names = ["a bit", "a bit", "a bit", "a byte", "zeroed bytes", ...Object.keys(kinds), "the end"];
  const name = names[next(names.length)] ?? "";
  kinds[name]?.();
  writeFileSync(path, name === "the end" ? bytes.subarray(0, at) : bytes);
  return `${name} at ${at} of ${bytes.length}`;
}

/** The value, or undefined when the store says that it is damaged; anything but a typed error fails the test. */
async function unlessDamaged<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

function textOf(entry: VerifiedEntry): string {
  const hashing = createHash("sha256")
    .update(entry.id)
    .update(entry.signature ?? "unsigned");
  return hashing.update(encodeEntryBody(entry)).digest("base64");
}

const texts = new Map<Chain, readonly string[]>();

function truth(chain: Chain): readonly string[] {
  const known = texts.get(chain) ?? chain.runs.flatMap((run) => run.entries.map(textOf));
  texts.set(chain, known);
  return known;
}

function expectTrueVector(vector: Vector, group: readonly Chain[]): void {
  for (const [writer, head] of vector) {
    const chain = group.find(({ runs }) => runs[0] && toHex(runs[0].writer) === writer);
    expect(chain, "a writer nobody knows").toBeDefined();
    const entries = chain?.runs.flatMap((run) => run.entries) ?? [];
    expect(toHex(head.id)).toBe(toHex(entries[head.seq]?.id ?? new Uint8Array()));
    expect(entries[head.seq]?.signature, "a head without signature").not.toBeNull();
  }
}

/** Whether everything could be read; whatever was read is compared with the truth. */
async function checkEntries(store: Store): Promise<boolean> {
  const groups = Map.groupBy(chains, ({ tenant, database }) => `${tenant} ${database}`);
  const complete = await Promise.all([...groups.values()].map((group) => checkDatabase(store, group)));
  return complete.every(Boolean);
}

async function checkDatabase(store: Store, group: readonly Chain[]): Promise<boolean> {
  const [{ tenant, database } = { tenant: 0, database: 0 }] = group;
  const entries = store.entries(tenantOf(tenant), databaseOf(database));
  const vector = await unlessDamaged(() => entries.vector());
  if (vector !== undefined) expectTrueVector(vector, group);
  const all = new Set(group.flatMap(truth));
  const arrived = await unlessDamaged(() => entries.readAfter(0, EVERYTHING));
  const streamed = arrived?.runs.flatMap((item) => item.entries.map(textOf)) ?? [];
  expect(streamed.filter((text) => !all.has(text))).toEqual([]);
  let isComplete = streamed.length >= all.size;
  for (const chain of group) {
    const expected = truth(chain);
    const last = chain.runs.at(-1)?.entries.at(-1);
    if (last === undefined) continue;
    const run = await unlessDamaged(() => entries.read(last.header.writer, 0, EVERYTHING));
    const read = run?.entries.map(textOf) ?? [];
    expect(read).toEqual(expected.slice(0, read.length));
    const found = await unlessDamaged(() => entries.find(last.id));
    if (found !== undefined) expect(textOf(found)).toBe(expected.at(-1));
    const isHeaded = vector?.get(toHex(last.header.writer))?.seq === expected.length - 1;
    isComplete &&= isHeaded && read.length === expected.length && found !== undefined;
  }
  return isComplete;
}

/** Whether every value could be read; none is wrong, and none is missing unless something says so. */
async function checkState(store: Store): Promise<boolean> {
  let isComplete = true;
  for (const [name, value] of state) {
    const key = Uint8Array.from(Buffer.from(name, "hex"));
    const stored = await unlessDamaged(async () => (await store.state.get(key)) ?? "lost");
    if (stored === "lost") throw new Error(`a value that was committed is silently gone: ${name}`);
    if (stored === undefined) isComplete = false;
    else if (!equalBytes(stored, value)) throw new Error(`a value is wrong: ${name}`);
  }
  const seen = await unlessDamaged(async () => {
    const names: string[] = [];
    for await (const item of store.state.range(Uint8Array.of(0), Uint8Array.of(255))) {
      const value = state.get(toHex(item.key));
      if (value === undefined || !equalBytes(item.value, value))
        throw new Error(`a value is wrong: ${toHex(item.key)}`);
      names.push(toHex(item.key));
    }
    return names;
  });
  if (seen !== undefined) expect(seen).toEqual([...state.keys()].sort());
  return isComplete && seen !== undefined;
}

/** How the store came through: `unharmed`, `healed`, or what it reported. */
async function outcomeOf(directory: string): Promise<string> {
  const opened = await unlessDamaged(() => openSqliteStore({ directory, verifier: nativeVerifier }));
  if (opened === undefined) return "refused to open";
  await using store = opened;
  const entriesComplete = await checkEntries(store);
  const stateComplete = await checkState(store);
  if (entriesComplete && stateComplete) return "unharmed";
  let healed = entriesComplete;
  for (let i = 0; i < 3 && !healed; i++) {
    for (const chain of chains) await unlessDamaged(() => append(store, chain, chain.runs));
    healed = await checkEntries(store);
  }
  return `entries ${healed ? "healed" : "reported"}, state ${stateComplete ? "unharmed" : "reported"}`;
}

/** Runs the cases of one kind, each in a copy of the template, and prints how they came out. */
async function runCases(
  kind: string,
  count: number,
  make: (directory: string, next: (below: number) => number) => string,
): Promise<ReadonlyMap<string, number>> {
  const outcomes = new Map<string, number>();
  const seeds = Array.from({ length: count }, (_, nth) => FIRST_SEED + nth);
  for (const seed of [...FAILED_ONCE, ...seeds]) {
    const directory = await newDirectory();
    cpSync(template, directory, { recursive: true });
    const done = make(directory, numbersOf(seed));
    try {
      const outcome = await outcomeOf(directory);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    } catch (error) {
      throw new Error(`SEED=${seed}: ${done}`, { cause: error });
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  console.log(`${kind}, seeds ${FIRST_SEED} to ${FIRST_SEED + count - 1}:`, Object.fromEntries(outcomes));
  return outcomes;
}

describe("corruption", () => {
  it(`of the database is reported or healed, ${CASES} cases from seed ${FIRST_SEED}`, {
    timeout: 3_600_000,
  }, async () => {
    const outcomes = await runCases("database", CASES, (directory, next) => damage(join(directory, "selkie.db"), next));
    // The cases must bite: most change something, and most of what they change heals.
    expect(outcomes.get("unharmed") ?? 0).toBeLessThan(CASES / 2);
    expect(outcomes.get("entries healed, state unharmed") ?? 0).toBeGreaterThan(CASES / 5);
  });

  it("of the log of a store that was killed loses at most what was not yet in the file", {
    timeout: 600_000,
  }, async () => {
    const killed = await killedStore();
    const instances = new Set<string>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES / 10; seed++) {
      const directory = await newDirectory();
      cpSync(killed, directory, { recursive: true });
      const done = damage(join(directory, "selkie.db-wal"), numbersOf(seed));
      if (seed % 10 === 0) rmSync(join(directory, "selkie.db-wal"));
      try {
        const opened = await unlessDamaged(() => openSqliteStore({ directory, verifier: nativeVerifier }));
        if (opened === undefined) continue;
        await using store = opened;
        instances.add(toHex(store.instance));
        await checkEntries(store);
        for (const chain of chains) await append(store, chain, chain.runs);
        expect(await checkEntries(store)).toBe(true);
      } catch (error) {
        throw new Error(`SEED=${seed}: ${done}`, { cause: error });
      } finally {
        rmSync(directory, { recursive: true });
      }
    }
    // B11: no writer goes on after a crash, whatever is left of the log.
    expect(instances.size).toBeGreaterThan(CASES / 20);
    rmSync(killed, { recursive: true });
  });
});
