import {
  adoptOwnRun,
  type DatabaseId,
  type EntryId,
  equalBytes,
  holeOf,
  identifyEntry,
  type Part,
  runOf,
  type TenantId,
  toHex,
  type Vector,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { EntryStore } from "@selkie/store";

export const hex = toHex;

/** Everything a store holds. */
export async function runsOf(store: EntryStore): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for await (const run of store.scan()) runs.push(run);
  return runs;
}

/** The run with holes in the place of what is left out. */
export function without({ entries }: VerifiedRun, isLeftOut: (part: Part) => boolean): VerifiedRun {
  const signature = entries.at(-1)?.signature ?? null;
  if (signature === null) throw new RangeError("a signed run");
  const holed = entries.map(({ header, table, parts, signature }) =>
    identifyEntry(nativeVerifier, {
      ...{ header, table, signature },
      parts: parts.map((part) => (isLeftOut(part) ? holeOf(nativeVerifier, part) : part)),
    }),
  );
  return adoptOwnRun(holed, signature);
}

/** A replica that says it holds these runs, whatever they are. To be pulled from. */
export function replicaOf(place: { tenant: TenantId; database: DatabaseId }, runs: readonly VerifiedRun[]): EntryStore {
  const { tenant, database } = place;
  const vector: Vector = new Map(
    runs.flatMap((run): [string, { seq: number; id: EntryId }][] => {
      const last = run.entries.at(-1);
      return last === undefined ? [] : [[toHex(run.writer), { seq: last.header.seq, id: last.id }]];
    }),
  );
  return {
    tenant,
    database,
    vector: async () => vector,
    position: async () => runs.length,
    read: async (writer: WriterKey, from: number) => {
      const run = runs.find((item) => equalBytes(item.writer, writer) && item.firstSeq <= from);
      const entries = run?.entries.slice(from - run.firstSeq) ?? [];
      return entries.length === 0 ? null : runOf(entries);
    },
    readAfter: async () => ({ runs, position: runs.length, done: true }),
    find: async (id: EntryId) => runs.flatMap(({ entries }) => entries).find((entry) => equalBytes(entry.id, id)),
    async *scan() {
      yield* runs;
    },
    append: async (appended) => appended.map(() => ({ type: "known" as const })),
    retire: async () => 0,
    unretire: async () => undefined,
  };
}
