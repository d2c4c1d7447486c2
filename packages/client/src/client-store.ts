import type { CryptoProvider } from "@selkie/crypto";
import type { Store } from "@selkie/store";

/** Where a client keeps what it has: a store for entries and sealed state, and a place for the sealed KeyBag. */
export interface OpenedClientStore extends AsyncDisposable {
  readonly store: Store;
  /** The sealed KeyBag, or null before the first `writeKeyBag`. */
  readKeyBag(): Promise<Uint8Array | null>;
  /** Replaces it; durable when it resolves, and never half written. */
  writeKeyBag(sealed: Uint8Array): Promise<void>;
}

/** A kind of place to keep a client's data; a client opens it once. */
export interface ClientStore {
  open(crypto: CryptoProvider): Promise<OpenedClientStore>;
}
