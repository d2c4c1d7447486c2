import { type AppendResult, toHex, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState, type Store } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";

const ROUNDS = 5;

/** One writer's runs and where they belong. */
export interface Chain {
  readonly tenant: number;
  readonly database: number;
  readonly runs: readonly VerifiedRun[];
}

/** Four chains in three databases of two tenants; the same whenever they are made. */
export async function makeChains(): Promise<readonly Chain[]> {
  const made: Chain[] = [];
  for (const [tenant, database, seed] of [
    [1, 1, 1],
    [1, 1, 2],
    [1, 2, 3],
    [2, 1, 4],
  ] as const) {
    const writer = await TestWriter.create(nativeVerifier, databaseOf(database), seed);
    const runs: VerifiedRun[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      runs.push(await writer.write({ count: 1 + round * 2, parts: 1 + (round % 3), bytes: 144 + round * round * 100 }));
    }
    made.push({ tenant, database, runs });
  }
  return made;
}

/** Local state by hex key; the same whenever it is made. */
export function makeState(): ReadonlyMap<string, Uint8Array> {
  const state = new Map<string, Uint8Array>();
  for (let number = 0; number < ROUNDS * 30; number++) {
    const key = Uint8Array.of(number >> 8, number & 255, ...bytesOf(number, number % 40));
    state.set(toHex(key), bytesOf(9_000 + number, number === 100 ? 50_000 : (number * 37) % 700));
  }
  return state;
}

/** Appends runs to their database. */
export function append(
  store: Store,
  { tenant, database }: Chain,
  runs: readonly VerifiedRun[],
): Promise<readonly AppendResult[]> {
  return store.entries(tenantOf(tenant), databaseOf(database)).append(runs);
}

/** Writes chains and state in many commits, so that rows of tenants and chains share pages. */
export async function fill(store: Store): Promise<void> {
  const chains = await makeChains();
  const state = [...makeState()];
  for (let round = 0; round < ROUNDS; round++) {
    for (const chain of chains) await append(store, chain, chain.runs.slice(round, round + 1));
    const put = state
      .filter((_, index) => index % ROUNDS === round)
      .map(([key, value]) => ({ key: Uint8Array.from(Buffer.from(key, "hex")), value: publicState(value) }));
    await store.commit({ put });
  }
}
