import { asPlaintext, BoxSeries, type CryptoProvider, type SecretKey } from "@selkie/crypto";
import { concatBytes, type DatabaseId, parseDatabaseId, type TenantId } from "@selkie/entry";
import { type StateItem, type StateStore, type StoredState, StoreError, sealedState } from "@selkie/store";

/** What a row of local state holds; part of its key, so that a row can't be passed off as one of another kind. */
export const rowKind = {
  writer: 1,
  journal: 2,
  frontier: 3,
  relay: 4,
  invitation: 5,
  invited: 6,
  revoked: 7,
  fork: 8,
  root: 9,
  contact: 10,
  claims: 11,
  feed: 12,
  vector: 13,
  branch: 14,
  revisions: 15,
  purge: 16,
  projections: 17,
  snapshots: 18,
  listings: 19,
  projectionsHead: 20,
  derived: 21,
  parts: 22,
  remote: 23,
  offered: 24,
  brought: 25,
} as const;
export type RowKind = (typeof rowKind)[keyof typeof rowKind];

export interface SealedRow {
  readonly key: Uint8Array;
  readonly value: StoredState;
}

/** A row as read; null in place of a value that is damaged. */
export interface LocalRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

/** Rows that are opened together: one key is for up to 64 that were written one after the other. */
const BATCH = { rows: 64, bytes: 1_048_576 };

/**
 * The rows a tenant keeps on this device beside its entries, each sealed under the device's local key.
 * SECURITY: the row's key is authenticated with it, so rows can't be swapped (local-state.test.ts).
 */
export class LocalState {
  readonly #boxes: BoxSeries;
  readonly #rows: StateStore;
  readonly #tenant: TenantId;

  constructor(crypto: CryptoProvider, rows: StateStore, secret: SecretKey, tenant: TenantId) {
    this.#boxes = new BoxSeries(crypto, secret, "derive-local-state");
    this.#rows = rows;
    this.#tenant = tenant;
  }

  key(kind: RowKind, database: DatabaseId, rest: Uint8Array = new Uint8Array()): Uint8Array {
    return concatBytes(this.#tenant, Uint8Array.of(kind), database, rest);
  }

  async seal(key: Uint8Array, value: Uint8Array): Promise<SealedRow> {
    return { key, value: sealedState(await this.#boxes.seal(key, asPlaintext(value))) };
  }

  /** A row that can be made again: a damaged one counts as absent. */
  async recall(key: Uint8Array): Promise<Uint8Array | undefined> {
    for await (const { value } of this.#between(key, keyAfter(key))) return value ?? undefined;
    return undefined;
  }

  /** Every row of a kind in a database, by key; with `rest`, those of which the key goes on like this. */
  range(kind: RowKind, database: DatabaseId, rest?: Uint8Array): AsyncIterable<LocalRow> {
    const from = this.key(kind, database, rest);
    return this.#between(from, concatBytes(from, new Uint8Array(64).fill(0xff)));
  }

  /** The databases that have rows of a kind. */
  async databases(kind: RowKind): Promise<readonly DatabaseId[]> {
    const before = concatBytes(this.#tenant, Uint8Array.of(kind));
    const found: DatabaseId[] = [];
    for (let from = before; ; ) {
      const [row] = await firstOf(this.#between(from, concatBytes(this.#tenant, Uint8Array.of(kind + 1))));
      if (row === undefined) return found;
      const database = parseDatabaseId(row.key.slice(before.length, before.length + 32));
      found.push(database);
      from = concatBytes(before, database, new Uint8Array(64).fill(0xff));
    }
  }

  /** Every row from one key to another, both included. */
  stretch(from: Uint8Array, to: Uint8Array): AsyncIterable<LocalRow> {
    return this.#between(from, keyAfter(to));
  }

  async *#between(from: Uint8Array, to: Uint8Array): AsyncIterable<LocalRow> {
    let start = from;
    for (;;) {
      const damaged: Uint8Array[] = [];
      try {
        for await (const rows of inBatches(this.#rows.range(start, to))) {
          yield* await this.#opened(rows);
          start = keyAfter(rows.at(-1)?.key ?? start);
        }
      } catch (error) {
        if (!(error instanceof StoreError) || error.code !== "STATE_DAMAGED" || error.key === null) throw error;
        damaged.push(error.key);
      }
      const [key] = damaged;
      if (key === undefined) return;
      yield* this.#between(start, key); // a store reads many rows at a time: those before the damaged one are still to come
      yield { key, value: null };
      start = keyAfter(key);
    }
  }

  async #opened(rows: readonly StateItem[]): Promise<readonly LocalRow[]> {
    const values = await this.#boxes.openMany(rows.map(({ key, value }) => ({ aad: key, box: value })));
    return rows.map(({ key }, at) => ({ key, value: values[at] ?? null }));
  }
}

async function* inBatches(rows: AsyncIterable<StateItem>): AsyncIterable<readonly StateItem[]> {
  let batch: StateItem[] = [];
  let bytes = 0;
  for await (const row of rows) {
    batch.push(row);
    bytes += row.value.length;
    if (batch.length < BATCH.rows && bytes < BATCH.bytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function firstOf<Row>(rows: AsyncIterable<Row>): Promise<readonly Row[]> {
  for await (const row of rows) return [row];
  return [];
}

/** The next key in byte order. */
const keyAfter = (key: Uint8Array): Uint8Array => concatBytes(key, Uint8Array.of(0));
