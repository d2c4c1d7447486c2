// Rows of entries, and which of them are known to be damaged.
import {
  type EntryId,
  equalBytes,
  parseEntryId,
  parseSignature,
  type Signature,
  viewEntryBody,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { hasHoles, type PlannedWrite, type StoredEntry } from "@selkie/store";
import { bytesOf, compareColumns, damagedRow, integerOf, numberSought, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";
import type { ChainNumber } from "./names.ts";
import { rowSum } from "./row-sum.ts";

/** A row without its body. */
export interface EntryRow extends Omit<StoredEntry, "body"> {
  readonly chain: ChainNumber;
  readonly holed: boolean;
}

/** Reads and writes rows of entries by chain and seq. */
export class EntryRows {
  readonly #tip: Statement<[number], RawRow>;
  readonly #head: Statement<[number, number], RawRow>;
  readonly #signed: Statement<[number, number], RawRow>;
  readonly #range: Statement<[number, number, number], RawRow>;
  readonly #bodies: Statement<[number, number, number], RawRow>;
  readonly #byId: Statement<[Uint8Array], RawRow>;
  readonly #idAbove: Statement<[Uint8Array], RawRow>;
  readonly #idBelow: Statement<[Uint8Array], RawRow>;
  readonly #idLowest: Statement<[], RawRow>;
  readonly #insert: Statement<[number, number, number, number, Uint8Array, Uint8Array | null, Uint8Array]>;
  readonly #replace: Statement<[number, number, Uint8Array, Uint8Array | null, Uint8Array, number, number]>;
  readonly #firstDamaged: Statement<[number, number], RawRow>;
  readonly #damaged: Statement<[number, number, number], RawRow>;
  readonly #addDamage: Statement<[number, number]>;
  readonly #dropDamage: Statement<[number, number]>;
  readonly #dropTail: Statement<[number, number]>;
  readonly #dropDamageFrom: Statement<[number, number]>;

  constructor(db: Connection) {
    const columns = "chain, seq, holed, sum, id, signature";
    this.#tip = db.prepare(`SELECT ${columns} FROM entry WHERE chain = ${numberSought} ORDER BY seq DESC LIMIT 1`);
    this.#head = db.prepare(
      `SELECT ${columns} FROM entry WHERE chain = ${numberSought} AND seq < ? AND signature IS NOT NULL ORDER BY seq DESC LIMIT 1`,
    );
    this.#signed = db.prepare(
      `SELECT ${columns} FROM entry WHERE chain = ${numberSought} AND seq >= ? AND signature IS NOT NULL ORDER BY seq LIMIT 1`,
    );
    this.#range = db.prepare(
      `SELECT ${columns} FROM entry WHERE chain = ${numberSought} AND seq BETWEEN ? AND ? ORDER BY seq`,
    );
    this.#bodies = db.prepare(
      `SELECT ${columns}, body FROM entry WHERE chain = ${numberSought} AND seq BETWEEN ? AND ? ORDER BY seq`,
    );
    this.#byId = db.prepare(`SELECT ${columns} FROM entry WHERE substr(id, 1, 8) = ?`);
    const prefix = "substr(id, 1, 8)";
    this.#idAbove = db.prepare(`SELECT id FROM entry WHERE ${prefix} > ? ORDER BY ${prefix} LIMIT 1`);
    this.#idBelow = db.prepare(`SELECT id FROM entry WHERE ${prefix} < ? ORDER BY ${prefix} DESC LIMIT 1`);
    this.#idLowest = db.prepare(`SELECT id FROM entry ORDER BY ${prefix} LIMIT 1`);
    this.#insert = db.prepare(`INSERT INTO entry (${columns}, body) VALUES (?, ?, ?, ?, ?, ?, ?)`);
    this.#replace = db.prepare(
      "UPDATE entry SET holed = ?, sum = ?, id = ?, signature = ?, body = ? WHERE chain = ? AND seq = ?",
    );
    this.#firstDamaged = db.prepare(`SELECT min(seq) AS seq FROM damage WHERE chain = ${numberSought} AND seq < ?`);
    this.#damaged = db.prepare("SELECT seq FROM damage WHERE chain = ? AND seq BETWEEN ? AND ?");
    this.#addDamage = db.prepare("INSERT OR IGNORE INTO damage (chain, seq) VALUES (?, ?)");
    this.#dropDamage = db.prepare("DELETE FROM damage WHERE chain = ? AND seq = ?");
    this.#dropTail = db.prepare("DELETE FROM entry WHERE chain = ? AND seq >= ?");
    this.#dropDamageFrom = db.prepare("DELETE FROM damage WHERE chain = ? AND seq >= ?");
  }

  /** The lowest seq that is not held undamaged. */
  next(chain: ChainNumber): number {
    const row = this.#tip.get(chain);
    if (row === undefined) return 0;
    const end = rowOf(row, chain).seq + 1;
    const damaged = this.#firstDamaged.get(chain, end)?.["seq"] ?? null;
    return damaged === null ? end : integerOf(damaged);
  }

  /** The last signed entry before any damage. */
  head(chain: ChainNumber): EntryRow | null {
    const row = this.#head.get(chain, this.next(chain));
    return row === undefined ? null : rowOf(row, chain);
  }

  /** The first signed entry at or after `seq`. */
  signedFrom(chain: ChainNumber, seq: number): EntryRow | null {
    const row = this.#signed.get(chain, seq);
    return row === undefined ? null : rowOf(row, chain);
  }

  /** What is held from `from` to `to`, both inclusive. */
  range(chain: ChainNumber, from: number, to: number): readonly EntryRow[] {
    return this.#range.all(chain, from, to).map((row) => rowOf(row, chain));
  }

  /** As {@link range}, with bodies, one at a time; none may be missing. */
  *bodies(chain: ChainNumber, from: number, to: number): Iterable<StoredEntry> {
    let due = from;
    for (const row of this.#bodies.iterate(chain, from, to)) {
      const { seq, id, signature } = rowOf(row, chain);
      if (seq !== due) throw damagedRow();
      yield { seq, id, signature, body: bytesOf(row["body"]) };
      due++;
    }
    if (due <= to) throw damagedRow();
  }

  /** The id that an entry at `seq` links to. */
  idBefore(chain: ChainNumber, seq: number): EntryId {
    if (seq === 0) return parseEntryId(ZERO_ENTRY_ID.slice());
    const [row] = this.range(chain, seq - 1, seq - 1);
    if (row === undefined) throw damagedRow();
    return row.id;
  }

  /** Rows with this id, in whatever database. */
  byId(id: EntryId): readonly EntryRow[] {
    const prefix = id.subarray(0, 8);
    const rows = this.#byId.all(prefix).map((row) => rowOf(row, integerOf(row["chain"])));
    // These are all, unless the index is damaged just here: then another is one of their neighbours.
    const [above, below] = [this.#idAbove.get(prefix), this.#idBelow.get(prefix)];
    for (const row of [above, below]) if (row && compareColumns([row["id"]], [id]) === 0) throw damagedRow();
    // As in neighbours.ts: a zeroed cell reads as null.
    const lowest = below === undefined ? this.#idLowest.get() : undefined;
    if (lowest && compareColumns([bytesOf(lowest["id"], 32).subarray(0, 8)], [prefix]) < 0) throw damagedRow();
    return rows.filter((row) => equalBytes(row.id, id));
  }

  /** Seqs from `from` to `to`, both inclusive, that are known to be damaged. */
  damaged(chain: ChainNumber, from: number, to: number): ReadonlySet<number> {
    return new Set(this.#damaged.all(chain, from, to).map(({ seq }) => integerOf(seq)));
  }

  /** Remembers that an entry did not revive. */
  addDamage(chain: ChainNumber, seq: number): void {
    this.#addDamage.run(chain, seq);
  }

  /** Forgets the damage: the entry is whole again. */
  dropDamage(chain: ChainNumber, seq: number): void {
    this.#dropDamage.run(chain, seq);
  }

  /** Deletes everything of a chain from a seq on. */
  dropTail(chain: ChainNumber, from: number): void {
    this.#dropTail.run(chain, from);
    this.#dropDamageFrom.run(chain, from);
  }

  /** Writes one entry as planned. */
  write(chain: ChainNumber, { type, seq, id, entry, signature }: PlannedWrite): void {
    const holed = hasHoles(entry) ? 1 : 0;
    const body = viewEntryBody(entry); // SQLite copies what is bound
    const sum = entrySum({ chain, seq, holed: holed === 1, id, signature });
    if (type === "insert") this.#insert.run(chain, seq, holed, sum, id, signature, body);
    else if (this.#replace.run(holed, sum, id, signature, body, chain, seq).changes !== 1) throw damagedRow();
  }
}

/** Checksum of a row of an entry; the body is covered by the id. */
function entrySum({ chain, seq, holed, id, signature }: EntryRow): number {
  return rowSum(chain, seq, holed ? 1 : 0, id, signature);
}

/** The row, if it fits its checksum. */
export function rowOf(row: RawRow, chain: ChainNumber): EntryRow {
  const signature: Signature | null = row["signature"] === null ? null : parseSignature(bytesOf(row["signature"], 64));
  const id = parseEntryId(bytesOf(row["id"], 32));
  const parsed = { chain, seq: integerOf(row["seq"]), holed: row["holed"] === 1, id, signature };
  if (row["chain"] !== chain || row["sum"] !== entrySum(parsed)) throw damagedRow();
  return parsed;
}
