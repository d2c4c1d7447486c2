import type { DocId } from "../document/doc-id.ts";

export interface PurgeOptions {
  /** Whether the newest state goes on, as a new document under the same key whose history begins with it. */
  readonly keep?: "newest";
}

/** Where parts of a purged document may still be. */
export interface PendingPurge {
  readonly where: "here" | "device" | "relay";
  /** Of a device its id, of a relay its address. */
  readonly name: string;
  /** When they are dropped here, unless the purge counts no more by then; null where only the other side knows. */
  readonly until: Date | null;
}

/** What came of a purge, as far as this device knows. Copies that somebody made of a store, such as backups, nobody can find. */
export interface PurgeReport {
  /** How many parts of entries the purge names. */
  readonly parts: number;
  /** How many of them this device has dropped. */
  readonly dropped: number;
  readonly pending: readonly PendingPurge[];
  /** The new document, if the newest state was to be kept. */
  readonly kept: DocId | null;
  /** Whether all that others had was here before: else they may hold parts that the purge does not name. */
  readonly synced: boolean;
}
