import type { EntryStore } from "@selkie/store";
import { isOf } from "../directory/admission.ts";
import { EntryRoom, MOST_BEYOND, MOST_CHAINS, MOST_OF_STRANGERS, type Most } from "../replica/entry-room.ts";
import { type ReplicaHooks, SyncedReplica } from "../replica/synced-replica.ts";
import type { DirectoryLog } from "./directory-log.ts";

/** Who comes to a tenant can read nothing of its directory, and so knows nobody, until an entry has come that gives it a key. */
const MOST_OF_UNREAD: Most = { bytes: 256 * 2 ** 20, chains: 16_384 };
/** What an admin said beyond its cut may have made keys that others sealed under in good faith. */
const MOST_SAID_BEYOND: Most = { ...MOST_BEYOND, bytes: 64 * 2 ** 20 };

export interface DirectoryReplicaContext
  extends Pick<ReplicaHooks, "missing" | "applied" | "forked" | "replace" | "compare"> {
  readonly log: DirectoryLog;
  /** 32-byte signing key of this device. */
  readonly device: Uint8Array;
  /** Whether this device has read its own admission. */
  hasJoined(): boolean;
}

/** The directory as sync sees it. */
export function directoryReplicaOf(
  entries: EntryStore,
  { log, device, hasJoined, ...hooks }: DirectoryReplicaContext,
): SyncedReplica {
  const room = new EntryRoom({
    entries,
    authorsOf: (firsts) => log.authorsOf(firsts),
    authorOf: (writer) => log.admissionOf(writer),
    cut: (writer, author) => (isOf(author, device) ? Number.POSITIVE_INFINITY : log.cut(writer, author)),
    most: () => ({
      ...{ beyond: MOST_SAID_BEYOND, chains: MOST_CHAINS },
      ofStrangers: hasJoined() ? MOST_OF_STRANGERS : MOST_OF_UNREAD,
    }),
  });
  return new SyncedReplica(entries, {
    reached: () => undefined,
    ...{ ...hooks, room, named: log.named, branches: log.branches },
    ...{ directory: null, ready: () => null, flush: async () => undefined },
    isOwn: (writer) => isOf(log.admissionOf(writer), device),
    wants: async () => ({ usual: log.due.wanted(), lacking: null }),
  });
}
