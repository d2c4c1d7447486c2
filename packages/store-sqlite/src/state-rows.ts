// Rows of local state. A look-up goes through the index and compares what it finds there with the row: a damaged index shows.
import { compareBytes, concatBytes, equalBytes } from "@selkie/entry";
import { type StateItem, StoreError } from "@selkie/store";
import { bytesOf, damagedRow, type RawRow } from "./columns.ts";
import type { Connection, Statement } from "./connection.ts";
import { rowSum } from "./row-sum.ts";

/** Rows and bytes a scan reads at a time. */
const PAGE = { rows: 256, bytes: 1_048_576 } as const;

/** Reads and writes local state. */
export class StateRows {
  readonly #scan: Statement<[Uint8Array, Uint8Array], RawRow>;
  readonly #before: Statement<[Uint8Array], RawRow>;
  readonly #first: Statement<[], RawRow>;
  readonly #put: Statement<[Uint8Array, Uint8Array, number]>;
  readonly #remove: Statement<[Uint8Array]>;

  constructor(db: Connection) {
    const joined = "FROM state AS i INDEXED BY state_key LEFT JOIN state AS t ON t.row = i.row";
    // To, then from. Goes on behind the range, without values: a scan must see the row it stops at.
    this.#scan = db.prepare(
      `SELECT i.key AS indexed, t.key, t.sum, CASE WHEN i.key < ? THEN t.value END AS value ${joined} WHERE i.key >= ? ORDER BY i.key`,
    );
    this.#before = db.prepare(`SELECT i.key AS indexed, t.key ${joined} WHERE i.key < ? ORDER BY i.key DESC LIMIT 1`);
    this.#first = db.prepare(`SELECT i.key AS indexed, t.key ${joined} ORDER BY i.key LIMIT 1`);
    this.#put = db.prepare(
      "INSERT INTO state (key, value, sum) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum",
    );
    this.#remove = db.prepare("DELETE FROM state WHERE key = ?");
  }

  /** @throws StoreError `STATE_DAMAGED` */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.page(key, afterKey(key)).items[0]?.value;
  }

  /**
   * The pairs from `from` to `to`, as many as are read at a time; `next` is where to go on.
   *
   * INVARIANT: a key that a damaged index hides is not taken for absent: its neighbours, the row before the range and the one it
   * ends at, are compared with their rows. Test: corruption.test.ts.
   *
   * @throws StoreError `STATE_DAMAGED`
   */
  page(from: Uint8Array, to: Uint8Array): { readonly items: readonly StateItem[]; readonly next: Uint8Array | null } {
    this.#checkBefore(from);
    const items: StateItem[] = [];
    let bytes = 0;
    let last: Uint8Array | null = null;
    for (const row of this.#scan.iterate(to, from)) {
      const key = keyOf(row);
      if (last !== null && compareBytes(last, key) >= 0) throw damagedRow();
      if (compareBytes(key, to) >= 0) break;
      const item = itemOf(row, key);
      items.push(item);
      bytes += item.value.length;
      if (items.length >= PAGE.rows || bytes >= PAGE.bytes) return { items, next: afterKey(key) };
      last = key;
    }
    return { items, next: null };
  }

  #checkBefore(from: Uint8Array): void {
    const before = this.#before.get(from);
    const first = before ?? this.#first.get();
    // A zeroed key reads as null, which no comparison finds: then there seems to be nothing before, though there is.
    if (first !== undefined && compareBytes(keyOf(first), from) < 0 && before === undefined) throw damagedRow();
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#put.run(key, value, rowSum(key, value));
  }

  remove(key: Uint8Array): void {
    this.#remove.run(key);
  }
}

/** The key, if index and row agree on it. */
function keyOf(row: RawRow): Uint8Array {
  const key = bytesOf(row["key"]);
  if (!equalBytes(bytesOf(row["indexed"]), key)) throw damagedRow();
  return key;
}

function itemOf(row: RawRow, key: Uint8Array): StateItem {
  const { value } = row;
  if (value instanceof Uint8Array && row["sum"] === rowSum(key, value)) return { key, value: bytesOf(value) };
  throw new StoreError("STATE_DAMAGED", "a value of the local state was damaged on disk", { key });
}

/** The next key in byte order. */
function afterKey(key: Uint8Array): Uint8Array {
  return concatBytes(key, Uint8Array.of(0));
}
