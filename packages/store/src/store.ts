// A store: three faces over one place, and the one way to write several of them at once.
import type { AppendResult, DatabaseId, TenantId, VerifiedRun, WriterKey } from "@selkie/entry";
import type { BlobStore } from "./blob-store.ts";
import type { EntryStore } from "./entry-store.ts";
import type { InstanceId } from "./instance-id.ts";
import type { StateStore } from "./state-store.ts";
import type { StoredState } from "./stored-state.ts";

/** A run and the database that takes it. */
export interface StoreAppend {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly run: VerifiedRun;
}

/** The entries of a chain from a seq on: what gives way to another branch of it. */
export interface StoreDrop {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly from: number;
}

/** What one {@link Store.commit} writes. Chains are cut short first, then runs are appended in order; puts and removals follow in order. */
export interface StoreWrite {
  readonly drop?: readonly StoreDrop[];
  readonly append?: readonly StoreAppend[];
  readonly put?: readonly { readonly key: Uint8Array; readonly value: StoredState }[];
  readonly remove?: readonly Uint8Array[];
  /** Write nothing, and reject with `NOT_APPENDED`, unless every run's result is `appended`. */
  readonly expect?: "all-appended";
}

/** Where one device, or one relay, keeps entries, blobs and its own state. Disposing closes it, once all commits are done. */
export interface Store extends AsyncDisposable {
  /** See {@link InstanceId}: unchanged only if a writer chain may continue. */
  readonly instance: InstanceId;
  /** 8 random bytes made with the store: positions mean nothing under another generation. */
  readonly generation: Uint8Array;
  readonly state: StateStore;
  /** The entries of one database; it comes into being with its first entry. */
  entries(tenant: TenantId, database: DatabaseId): EntryStore;
  /** The tenant's databases that hold entries, ascending. */
  databases(tenant: TenantId): Promise<readonly DatabaseId[]>;
  /** The blobs of one tenant: equal bytes of two tenants are two blobs, so that neither can learn of the other's. */
  blobs(tenant: TenantId): BlobStore;
  /**
   * One atomic transaction, durable when it resolves, with one result per run. Concurrent commits share one sync to disk; one that
   * fails does not touch the others. Where a chain was cut short, the entries that take the place of others arrive like any; what was
   * dropped is never read again, by seq, position or id.
   *
   * @throws StoreError `NOT_APPENDED` | `WRONG_DATABASE` | `RUN_UNSIGNED` | `BAD_KEY` | `TENANT_FORGOTTEN` | `STORE_FULL` | `STORE_FAILED`
   */
  commit(write: StoreWrite): Promise<readonly AppendResult[]>;
  /**
   * Removes everything of one tenant: entries and retired parts of all its databases, blobs, and the local state whose keys begin with
   * its id. Entries and state go in one transaction, then the blobs; what a crash leaves is finished when the store is opened again.
   * When it resolves, nothing is left in the store's files, and faces handed out before answer as for a tenant that never was.
   *
   * Writes asked for before land before. Writes of the tenant asked for later are refused until it has resolved (`TENANT_FORGOTTEN`),
   * also when it rejects: call it again. A tenant that was forgotten may come anew.
   *
   * @throws StoreError `STORE_FULL` | `STORE_UNWRITABLE` | `STORE_CORRUPT` | `STORE_FAILED`
   */
  forget(tenant: TenantId): Promise<void>;
}
