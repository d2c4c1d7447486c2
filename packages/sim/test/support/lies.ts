import {
  type DatabaseId,
  type EntryId,
  equalBytes,
  runOf,
  type TenantId,
  toHex,
  type Vector,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";

export const hex = toHex;

/** Everything a store holds. */
export async function runsOf(store: EntryStore): Promise<readonly VerifiedRun[]> {
  const runs: VerifiedRun[] = [];
  for await (const run of store.scan()) runs.push(run);
  return runs;
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
  };
}
