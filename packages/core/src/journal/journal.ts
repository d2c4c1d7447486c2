import { type DatabaseId, type EntryId, parseEntryId, parseWriterKey, toHex, type WriterKey } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import { type LocalState, rowKind, type SealedRow } from "../local/local-state.ts";
import type { ChangeKind } from "../sealing/change-part.ts";

const KINDS: readonly ChangeKind[] = ["create", "change", "delete", "undelete", "manifest"];

/** One local change, as made: durable at once, part of an entry at the next flush. */
export interface JournalRow {
  readonly number: number;
  /** The incarnation it was made under: its Automerge actor follows from this key. */
  readonly writer: WriterKey;
  /** The directory heads the change was made at. */
  readonly frontier: readonly EntryId[];
  readonly kind: ChangeKind;
  /** The document's id, and its counter when this writer created it. */
  readonly document: Uint8Array;
  readonly counter: number | null;
  /** The 16-byte id of the key to seal it under. */
  readonly keyId: Uint8Array;
  /** Claimed wall time in ms since the epoch. */
  readonly time: number;
  /** The Automerge change chunk. */
  readonly change: Uint8Array;
}

interface Pending {
  readonly row: JournalRow;
  readonly key: Uint8Array;
  durable: boolean;
}

/** The local changes of one database that no entry holds yet. Rows are sealed; a row is removed in the commit that appends its entry. */
export class Journal {
  readonly #store: Store;
  readonly #local: LocalState;
  readonly #database: DatabaseId;
  #pending: Pending[] = [];
  #next = 0;

  private constructor(store: Store, local: LocalState, database: DatabaseId) {
    this.#store = store;
    this.#local = local;
    this.#database = database;
  }

  /** Reads what an earlier run left. @throws CoreError LOCAL_STATE_DAMAGED */
  static async open(store: Store, local: LocalState, database: DatabaseId): Promise<Journal> {
    const journal = new Journal(store, local, database);
    for await (const { key, value } of local.range(rowKind.journal, database)) {
      const row = decodeRow(value);
      journal.#pending.push({ row, key, durable: true });
      journal.#next = row.number + 1;
    }
    return journal;
  }

  get rows(): readonly JournalRow[] {
    return this.#pending.map(({ row }) => row);
  }

  /** Takes the row's place in the order now; it is durable when the promise resolves, together with `beside`. */
  async add(change: Omit<JournalRow, "number">, beside: readonly SealedRow[] = []): Promise<void> {
    const row = { ...change, number: this.#next++ };
    const pending: Pending = { row, key: this.#key(row.number), durable: false };
    this.#pending.push(pending);
    try {
      const sealed = await this.#local.seal(pending.key, encodeRow(row));
      await this.#store.commit({ put: [sealed, ...beside] });
    } catch (error) {
      this.#pending = this.#pending.filter((other) => other !== pending);
      throw error;
    }
    pending.durable = true;
  }

  /** The oldest rows that are durable, were made at one frontier, and are at most `limit`. */
  take(limit: number): readonly JournalRow[] {
    const [first] = this.#pending;
    if (first === undefined) return [];
    const at = frontierKey(first.row);
    const rows: JournalRow[] = [];
    for (const { row, durable } of this.#pending) {
      if (!durable || rows.length === limit || frontierKey(row) !== at) break;
      rows.push(row);
    }
    return rows;
  }

  /** The keys to remove in the commit that makes these rows part of an entry. */
  keysOf(rows: readonly JournalRow[]): readonly Uint8Array[] {
    return rows.map(({ number }) => this.#key(number));
  }

  /** Forgets rows whose removal is durable. */
  forget(rows: readonly JournalRow[]): void {
    const numbers = new Set(rows.map(({ number }) => number));
    this.#pending = this.#pending.filter(({ row }) => !numbers.has(row.number));
  }

  /** Puts rewritten rows in the place of others, in one commit. */
  async replace(rows: readonly JournalRow[], beside: readonly SealedRow[]): Promise<void> {
    const sealed = await Promise.all(rows.map((row) => this.#local.seal(this.#key(row.number), encodeRow(row))));
    await this.#store.commit({ put: [...sealed, ...beside] });
    const rowByNumber = new Map(rows.map((row) => [row.number, row]));
    this.#pending = this.#pending.map((old) => ({ ...old, row: rowByNumber.get(old.row.number) ?? old.row }));
  }

  #key(number: number): Uint8Array {
    const rest = new Uint8Array(8);
    new DataView(rest.buffer).setBigUint64(0, BigInt(number));
    return this.#local.key(rowKind.journal, this.#database, rest);
  }
}

const frontierKey = (row: JournalRow): string => row.frontier.map(toHex).join();

function encodeRow(row: JournalRow): Uint8Array {
  const { number, writer, frontier, kind, document, counter, keyId, time, change } = row;
  const fields: CborValue[] = [
    number,
    writer,
    frontier,
    KINDS.indexOf(kind),
    document,
    counter === null ? [] : [counter],
    keyId,
    time,
    change,
  ];
  return encodeCbor(fields);
}

function decodeRow(bytes: Uint8Array): JournalRow {
  const code = "LOCAL_STATE_DAMAGED";
  const fields = CborFields.decode(bytes, code);
  const number = fields.number();
  const writer = parseWriterKey(fields.bytes(32));
  const frontier = fields.list(64).map((head) => parseEntryId(new CborFields([head], code).bytes(32)));
  const kind = KINDS[fields.number(KINDS.length - 1)] ?? "change";
  const document = fields.bytes(16);
  const [counter = null] = fields.list(1).map((value) => new CborFields([value], code).number());
  const row = {
    number,
    writer,
    frontier,
    kind,
    document,
    counter,
    keyId: fields.bytes(16),
    time: fields.number(),
    change: fields.bytes({ max: 2 ** 21 }),
  };
  fields.end();
  return row;
}
