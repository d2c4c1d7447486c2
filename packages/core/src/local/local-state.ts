import { asPlaintext, asSealedBytes, type CryptoProvider, openBox, type SecretKey, sealBox } from "@selkie/crypto";
import { concatBytes, type DatabaseId, type TenantId } from "@selkie/entry";
import { type StateStore, type StoredState, sealedState } from "@selkie/store";
import { CoreError } from "../errors.ts";

/** What a row of local state holds; part of its key, so that a row can't be passed off as one of another kind. */
export const rowKind = { writer: 1, journal: 2, frontier: 3, relay: 4 } as const;
export type RowKind = (typeof rowKind)[keyof typeof rowKind];

export interface SealedRow {
  readonly key: Uint8Array;
  readonly value: StoredState;
}

/**
 * The rows a tenant keeps on this device beside its entries, each sealed under the device's local key.
 * SECURITY: the row's key is authenticated with it, so rows can't be swapped (local-state.test.ts).
 */
export class LocalState {
  readonly #crypto: CryptoProvider;
  readonly #rows: StateStore;
  readonly #secret: SecretKey;
  readonly #tenant: TenantId;

  constructor(crypto: CryptoProvider, rows: StateStore, secret: SecretKey, tenant: TenantId) {
    this.#crypto = crypto;
    this.#rows = rows;
    this.#secret = secret;
    this.#tenant = tenant;
  }

  key(kind: RowKind, database: DatabaseId, rest: Uint8Array = new Uint8Array()): Uint8Array {
    return concatBytes(this.#tenant, Uint8Array.of(kind), database, rest);
  }

  async seal(key: Uint8Array, value: Uint8Array): Promise<SealedRow> {
    const sealed = await sealBox(this.#crypto, this.#secret, "derive-local-state", key, asPlaintext(value));
    return { key, value: sealedState(sealed) };
  }

  /** @throws CoreError LOCAL_STATE_DAMAGED */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const value = await this.#rows.get(key);
    return value === undefined ? undefined : this.#open(key, value);
  }

  /** Every row of a kind in a database, by key. @throws CoreError LOCAL_STATE_DAMAGED */
  async *range(kind: RowKind, database: DatabaseId): AsyncIterable<{ key: Uint8Array; value: Uint8Array }> {
    const from = this.key(kind, database);
    const to = concatBytes(from, new Uint8Array(64).fill(0xff));
    for await (const row of this.#rows.range(from, to))
      yield { key: row.key, value: await this.#open(row.key, row.value) };
  }

  async #open(key: Uint8Array, value: Uint8Array): Promise<Uint8Array> {
    const opened = await openBox(this.#crypto, this.#secret, "derive-local-state", key, asSealedBytes(value));
    if (opened === null) throw new CoreError("LOCAL_STATE_DAMAGED", "a row of this device's local state does not open");
    return opened;
  }
}
