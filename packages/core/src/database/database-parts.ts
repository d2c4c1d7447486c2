import type { DatabaseId, WriterKey } from "@selkie/entry";
import type { CurrentRows } from "../cold/current-rows.ts";
import type { EarlyDocuments } from "../cold/early-documents.ts";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { Documents } from "../document/documents.ts";
import type { OwnChanges } from "../document/own-changes.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Events } from "../events.ts";
import type { ChangeFeed } from "../feed/change-feed.ts";
import type { HoldCode } from "../hold-code.ts";
import type { DerivedStore } from "../local/derived-rows.ts";
import type { Platform } from "../platform.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { ChangeSources } from "./change-sources.ts";
import type { DatabaseEvents } from "./database.ts";
import type { Loading } from "./loading.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { Purges } from "./purges.ts";

/** The parts an open database is made of. */
export interface DatabaseParts {
  readonly name: string;
  readonly sources: ChangeSources;
  readonly id: DatabaseId;
  readonly platform: Platform;
  readonly documents: Documents;
  readonly ownChanges: OwnChanges;
  readonly shelf: Shelf;
  readonly writes: LocalWrites;
  readonly chain: WriterChain;
  readonly replica: SyncedReplica;
  readonly loading: Loading;
  /** These, or those that took their place since: to be asked by whoever has waited. */
  now(): DatabaseParts;
  /** Waits for what an app does while it edits: before all entries are read it may be waiting for them itself. */
  waitFor<Result>(work: Promise<Result>): Promise<Result>;
  /** What is shown until everything is loaded; null when it was before anybody looked. */
  readonly early: EarlyDocuments | null;
  /** What projections say, for one reader. */
  currentRows(): CurrentRows;
  readonly events: Events<DatabaseEvents>;
  readonly feed: ChangeFeed;
  readonly purges: Purges;
  readonly derived: DerivedStore;
  /** The 16-byte id of the key of this name; of the one documents are sealed under that name none. @throws CoreError KEY_UNKNOWN */
  keyId(name?: string): Uint8Array;
  /** Why what is written stays in the journal, unsealed. Null when it is sealed. */
  held(): HoldCode | null;
  view(): DirectoryView;
  /** As whom this device writes. @throws CoreError DEVICE_REVOKED */
  self(): Admission;
  /** The writers whose changes may count. */
  writers(): readonly WriterKey[];
  /** @throws CoreError WRITE_NOT_ALLOWED | DEVICE_REVOKED */
  mayWrite(): void;
  close(): Promise<void>;
}
