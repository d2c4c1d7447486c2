import type { DatabaseId, EntryId, VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { FetchedPart, PartPlace } from "@selkie/sync-protocol";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { HoldCode } from "../hold-code.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import type { ChainOwner } from "../tenant/own-chain.ts";
import type { Alarm } from "../tenant/tenant.ts";
import type { WriteChecks } from "./local-writes.ts";
import type { PurgeHost } from "./purge-host.ts";

/** What a database needs of its tenant. */
export interface DatabaseHost extends ChainOwner {
  /** The tenant's. */
  readonly directory: SyncedReplica | null;
  view(): DirectoryView;
  defaultKeyId(): Uint8Array;
  /** What has to be right before something is sealed in the database of this name. */
  writeCheck(name: string): WriteChecks;
  /** The version of a key to seal under now. @throws CoreError KEY_UNKNOWN */
  keyOf(keyId: Uint8Array): KeyVersion;
  frontier(): readonly EntryId[];
  /** Entries were sealed: connections send them. */
  announce(database: DatabaseId): void;
  online(): boolean;
  /** Brings in what others have. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  /** Parts of entries that are held without them, from whoever is connected. @throws CoreError REPLICA_OFFLINE */
  fetch(database: DatabaseId, parts: readonly PartPlace[]): Promise<readonly FetchedPart[]>;
  /** Why what is written in a database stays in its journal, unsealed. Null when it is sealed. */
  held(database: DatabaseId): HoldCode | null;
  /** An entry that counts names directory heads. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** What others have seen is not what is here. */
  alarm(alarm: Alarm): void;
  /** Entries came that fork from those that the store holds. */
  forked(entries: EntryStore, theirs: readonly VerifiedEntry[]): Promise<void>;
  readonly purging: PurgeHost;
  /** Less of a chain is here than there seemed to be: connections find out what is missing. */
  compare(database: DatabaseId): void;
  closed(): void;
}
