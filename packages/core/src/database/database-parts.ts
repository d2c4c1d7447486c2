import type { DatabaseId } from "@selkie/entry";
import type { Documents } from "../document/documents.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Events } from "../events.ts";
import type { Platform } from "../platform.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { DatabaseEvents } from "./database.ts";
import type { LocalWrites } from "./local-writes.ts";

/** The parts an open database is made of. */
export interface DatabaseParts {
  readonly name: string;
  readonly id: DatabaseId;
  readonly platform: Platform;
  readonly documents: Documents;
  readonly shelf: Shelf;
  readonly writes: LocalWrites;
  readonly chain: WriterChain;
  readonly replica: SyncedReplica;
  readonly events: Events<DatabaseEvents>;
  /** The 16-byte id of the key of this name; of the one documents are sealed under that name none. @throws CoreError KEY_UNKNOWN */
  keyId(name?: string): Uint8Array;
  /** Whether nothing is sealed for now: what is written stays in the journal. */
  isHeld(): boolean;
  /** @throws CoreError WRITE_NOT_ALLOWED | DEVICE_REVOKED */
  mayWrite(): void;
  close(): Promise<void>;
}
