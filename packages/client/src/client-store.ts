import type { CryptoProvider } from "@selkie/crypto";
import type { Store } from "@selkie/store";

/** A client's place, locked for this client until it is disposed of. */
export interface OpenedClientStore extends AsyncDisposable {
  readonly store: Store;
  /** Replaces the sealed KeyBag; durable when it resolves, and never half written. One call after the other. */
  writeKeyBag(sealed: Uint8Array): Promise<void>;
}

/** A kind of place to keep a client's data: a store for entries and sealed state, and room for the sealed KeyBag. */
export interface ClientStore {
  /** The sealed KeyBag, or null when there is none. Reading it changes nothing, and needs no lock. */
  readKeyBag(): Promise<Uint8Array | null>;
  /** Takes the place for one client alone. */
  open(crypto: CryptoProvider): Promise<OpenedClientStore>;
}
