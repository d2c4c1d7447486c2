import type { DatabaseId, VerifiedEntry, WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { isOf } from "../directory/admission.ts";
import type { Journal } from "../journal/journal.ts";
import { EntryRoom, MOST_BEYOND, MOST_CHAINS, MOST_OF_STRANGERS } from "../replica/entry-room.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { NamedEntries } from "../replica/named-entries.ts";
import type { ReadableParts } from "../replica/readable-parts.ts";
import { SetBack } from "../replica/set-back.ts";
import { SyncedReplica } from "../replica/synced-replica.ts";
import type { Alarm } from "../tenant/tenant.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { DailyVector } from "./daily-vector.ts";
import type { Loading } from "./loading.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { ReceivedChanges } from "./received-changes.ts";

/** What it needs of the tenant. */
interface ReplicaHost {
  readonly context: Pick<TenantContext, "keys">;
  readonly directory: SyncedReplica | null;
  alarm(alarm: Alarm): void;
  forked(entries: EntryStore, theirs: readonly VerifiedEntry[]): Promise<void>;
  compare(database: DatabaseId): void;
}

export interface ReplicaParts {
  readonly daily: DailyVector;
  readonly named: NamedEntries;
  readonly missing: MissingParts;
  readonly received: ReceivedChanges;
  /** Null where parts are held whether they are readable or not. */
  readonly readable: ReadableParts | null;
  readonly writes: LocalWrites;
  readonly loading: Loading;
  readonly journal: Journal;
}

/** The database as sync sees it. */
export function replicaOf(
  host: ReplicaHost,
  entries: EntryStore,
  { daily, named, missing, received, readable, writes, loading, journal }: ReplicaParts,
): SyncedReplica {
  const isOwn = (writer: WriterKey): boolean => isOf(received.admissionOf(writer), host.context.keys.device.publicKey);
  const setBack = new SetBack({ database: entries.database, isOwn, alarm: host.alarm });
  const room = new EntryRoom({
    entries,
    authorsOf: (firsts) => received.authorsOf(firsts),
    authorOf: (writer) => received.admissionOf(writer),
    cut: (writer, author) => received.cut(writer, author),
    most: () => ({ beyond: MOST_BEYOND, ofStrangers: MOST_OF_STRANGERS, chains: MOST_CHAINS }),
  });
  return new SyncedReplica(entries, {
    reached: () => undefined,
    room,
    compare: () => host.compare(entries.database),
    directory: host.directory,
    ready: () => (loading.isDone ? null : loading.inTime()),
    flush: async () => {
      if (!loading.isDone && journal.isEmpty) return;
      if (!loading.isDone) await loading.whole();
      await writes.flush();
    },
    applied: async (runs) => {
      daily.seen.received(runs);
      daily.look();
      await received.apply(runs);
      setBack.received(runs);
    },
    forked: (theirs) => host.forked(entries, theirs),
    named,
    missing,
    isOwn,
    wants: async () => readable?.wants() ?? null,
    replace: async (run, from) => {
      const result = await received.replace(run, from);
      if (result === null) return null;
      daily.seen.forget(run.writer);
      host.compare(entries.database); // what follows was refused before
      return result;
    },
  });
}
