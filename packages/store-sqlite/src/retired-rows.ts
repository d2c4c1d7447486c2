// Parts that were retired: they stay holes, whoever sends them again.
import type { EntryId } from "@selkie/entry";
import { integerOf, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";
import type { BaseNumber } from "./names.ts";

const NONE: ReadonlySet<number> = new Set();

/** Retired parts by database and entry id. */
export class RetiredRows {
  readonly #any: Statement<[number], RawRow>;
  readonly #parts: Statement<[number, Uint8Array], RawRow>;
  readonly #add: Statement<[number, Uint8Array, number]>;
  readonly #remove: Statement<[number, Uint8Array, number]>;

  constructor(db: Connection) {
    this.#any = db.prepare("SELECT part FROM retired WHERE base = ? LIMIT 1");
    this.#parts = db.prepare("SELECT part FROM retired WHERE base = ? AND id = ?");
    this.#add = db.prepare("INSERT OR IGNORE INTO retired (base, id, part) VALUES (?, ?, ?)");
    this.#remove = db.prepare("DELETE FROM retired WHERE base = ? AND id = ? AND part = ?");
  }

  /** A look-up of retired part indexes by entry; asks nothing of the file when the database has none. */
  lookup(base: BaseNumber): (id: EntryId) => ReadonlySet<number> {
    if (this.#any.get(base) === undefined) return () => NONE;
    return (id) => new Set(this.#parts.all(base, id).map(({ part }) => integerOf(part)));
  }

  /** Remembers a part. */
  add(base: BaseNumber, id: EntryId, part: number): void {
    if (isIndex(part)) this.#add.run(base, id, part);
  }

  /** Forgets a part again. */
  remove(base: BaseNumber, id: EntryId, part: number): void {
    if (isIndex(part)) this.#remove.run(base, id, part);
  }
}

/** Anything else could not name a part. */
const isIndex = (part: number): boolean => Number.isInteger(part) && part >= 0 && part <= 0xffff;
