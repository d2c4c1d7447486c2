// What packages that keep files beside documents begin with: the blobs of a tenant and the keys they are sealed under.
import type { CryptoProvider } from "@selkie/crypto";
import type { BlobHash } from "@selkie/entry";
import type { BlobStore, ByteRange } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import type { BlobKeys } from "./blob-keys.ts";

/** The blobs of one tenant. */
export interface BlobRoom {
  readonly crypto: CryptoProvider;
  /** This device's. */
  readonly blobs: BlobStore;
  /** What blobs of a document are to be sealed under now. @throws CoreError KEY_UNKNOWN | CLOSED */
  sealingKeys(id: DocId): Promise<BlobKeys>;
  /** What blobs of a document were sealed under: null unless this device holds that version, and it is one of the document's own key. */
  openingKeys(id: DocId, version: Uint8Array): Promise<BlobKeys | null>;
  /**
   * A blob that is not here, or a range of it, from whoever is connected; null where nobody in reach holds it. A whole blob is what its hash
   * says; a range is not checked.
   * @throws CoreError REPLICA_OFFLINE when nobody is in reach; the signal's reason
   */
  fetch(hash: BlobHash, range: ByteRange | null, signal?: AbortSignal): Promise<Uint8Array | null>;
  /** Every relay is brought these, now and whenever it lacks them. Durable when it resolves; `connection.synced()` waits for the relay. */
  offer(hashes: readonly BlobHash[]): Promise<void>;
  /** Removes these from this device, and offers them no more. */
  drop(hashes: readonly BlobHash[]): Promise<void>;
  /**
   * Tells the relays in reach to drop these, once the tenant's `purgeAfter` is over and unless a device says that it needs them.
   * @returns the relays that know of it now
   * @throws CoreError NOT_ADMIN
   */
  retire(hashes: readonly BlobHash[]): Promise<readonly string[]>;
  /** Whether these are all databases of the tenant that this device holds anything of, none of them as it was. */
  isAll(databases: readonly { readonly name: string }[]): Promise<boolean>;
}
