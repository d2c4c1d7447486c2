import type { DatabaseId } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CoreError } from "../errors.ts";
import { type LocalState, rowKind, type SealedRow } from "../local/local-state.ts";
import { decodeBatch, encodeBatch } from "./journal-codec.ts";
import { type JournalRow, rowsLeft } from "./journal-row.ts";

/** Changes that became durable together: one sealed row of local state. */
interface Batch {
  readonly number: number;
  readonly rows: JournalRow[];
  /** Other rows of local state that belong to its commit. */
  readonly beside: SealedRow[];
  durable: boolean;
  /** What these changes build on is not here: they wait in the journal, and become part of no entry. */
  readonly aside: boolean;
}

/**
 * The local changes of one database that no entry holds yet. Changes made while a commit is under way share the next: one sealed row,
 * one sync to disk. A batch is removed in the commit that appends its entries.
 */
export class Journal {
  readonly #store: Store;
  readonly #local: LocalState;
  /** What the keys of all batches begin with. */
  readonly #prefix: Uint8Array;
  #batches: Batch[] = [];
  #next = 0;
  /** The batch that still takes changes, and its write, which begins when the one before has ended. */
  #open: { readonly batch: Batch; readonly written: Promise<void> } | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  /** After a failed write nothing more is taken: later changes may build on the one that was lost. */
  #failure: CoreError | null = null;

  private constructor(store: Store, local: LocalState, database: DatabaseId) {
    this.#store = store;
    this.#local = local;
    this.#prefix = local.key(rowKind.journal, database);
  }

  /** Reads what an earlier run left. A batch that is damaged, or that this version can't read, is reported, and left where it is. */
  static async open(
    store: Store,
    local: LocalState,
    { database, report }: { readonly database: DatabaseId; readonly report: (error: unknown) => void },
  ): Promise<Journal> {
    const journal = new Journal(store, local, database);
    for await (const { key, value } of local.range(rowKind.journal, database)) {
      const number = numberIn(key);
      const rows = value === null ? null : readBatch(value);
      if (rows === null)
        report(new CoreError("LOCAL_STATE_DAMAGED", "a batch of changes no entry holds yet is damaged"));
      else journal.#batches.push({ number, rows: [...rows], beside: [], durable: true, aside: false });
      journal.#next = Math.max(journal.#next, number + 1);
    }
    return journal;
  }

  get rows(): readonly JournalRow[] {
    return this.#batches.flatMap(({ rows }) => rows);
  }

  /** Asked after every change: it counts no rows. */
  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Whether a change was made that could not be stored: it is shown until the database is closed. */
  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** The rows that are not set aside. */
  get sealable(): readonly JournalRow[] {
    return this.#batches.flatMap(({ rows, aside }) => (aside ? [] : rows));
  }

  /** Those that are: what they build on is not here, or they are not for this device to send. */
  get aside(): readonly JournalRow[] {
    return this.#batches.flatMap(({ rows, aside }) => (aside ? rows : []));
  }

  /** Takes the row's place in the order now; it is durable when the promise resolves, together with `beside`. */
  add(row: JournalRow, beside: readonly SealedRow[] = []): Promise<void> {
    const { batch, written } = this.#batchFor(row);
    batch.rows.push(row);
    batch.beside.push(...beside);
    return written;
  }

  /** The same for rows of one transaction, made at one frontier: all of them become durable, or none. */
  addTogether(rows: readonly JournalRow[], beside: readonly SealedRow[]): Promise<void> {
    const [first] = rows;
    if (first === undefined) return Promise.resolve();
    const { batch, written } = this.#batchFor(first);
    batch.rows.push(first, ...rows.slice(1).map((row) => ({ ...row, withLast: true as const })));
    batch.beside.push(...beside);
    return written;
  }

  /** The oldest durable batches of changes made at one frontier, up to about `limit` changes. */
  take(limit: number): { readonly rows: readonly JournalRow[]; readonly batches: readonly number[] } {
    const rows: JournalRow[] = [];
    const batches: number[] = [];
    for (const batch of this.#batches) {
      if (batch.aside) continue;
      const [first] = batch.rows;
      const [oldest] = rows;
      if (!batch.durable || first === undefined || rows.length >= limit) break;
      if (oldest !== undefined && !sameFrontier(oldest, first)) break;
      rows.push(...batch.rows);
      batches.push(batch.number);
    }
    return { rows, batches };
  }

  /** The keys to remove in the commit that makes these batches part of entries. */
  keysOf(batches: readonly number[]): readonly Uint8Array[] {
    return batches.map((number) => this.#key(number));
  }

  /** Forgets batches whose removal is durable. */
  forget(batches: readonly number[]): void {
    const gone = new Set(batches); // one by one, thousands of batches take milliseconds
    this.#batches = this.#batches.filter(({ number }) => !gone.has(number));
  }

  /** Resolves when what was added has been written, or could not be. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  /** Rewrites rows, in one commit with `beside`; null sets a row aside. Rows that are added meanwhile follow as they are. */
  async replace(rewrite: (row: JournalRow) => JournalRow | null, beside: readonly SealedRow[]): Promise<void> {
    await this.#writing;
    const kept: Batch[] = [];
    const aside: Batch[] = [];
    const before = new Set(this.#batches.filter(({ durable }) => durable));
    for (const batch of before) {
      const next = rowsLeft(batch.rows, rewrite);
      const waiting = rowsLeft(batch.rows, (row) => (rewrite(row) === null ? row : null));
      if (next.length === 0) aside.push({ ...batch, aside: true });
      else kept.push({ ...batch, rows: next, aside: false });
      if (next.length > 0 && waiting.length > 0)
        aside.push({ ...batch, number: this.#next++, rows: waiting, aside: true });
    }
    const batches = [...kept, ...aside];
    const sealed = await Promise.all(batches.map((batch) => this.#seal(batch)));
    await this.#store.commit({ put: [...sealed, ...beside] });
    this.#batches = [...batches, ...this.#batches.filter((batch) => !before.has(batch))];
  }

  /** Puts rows, made at one frontier, in the place of others that are set aside, in one commit with `beside`. */
  async exchange(
    gone: ReadonlySet<JournalRow>,
    rows: readonly JournalRow[],
    beside: readonly SealedRow[],
  ): Promise<void> {
    await this.#writing;
    const touched = this.#batches.filter((batch) => batch.rows.some((row) => gone.has(row)));
    const left = new Map(
      touched.map((batch) => [batch, { ...batch, rows: rowsLeft(batch.rows, (row) => (gone.has(row) ? null : row)) }]),
    );
    const empty = [...left.values()].filter((batch) => batch.rows.length === 0).map(({ number }) => number);
    const kept = [...left.values()].filter((batch) => batch.rows.length > 0);
    const added: Batch[] =
      rows.length > 0 ? [{ number: this.#next++, rows: [...rows], beside: [], durable: true, aside: false }] : [];
    const put = await Promise.all([...kept, ...added].map((batch) => this.#seal(batch)));
    await this.#store.commit({ put: [...put, ...beside], remove: [...this.keysOf(empty)] });
    const batches = this.#batches.map((batch) => left.get(batch) ?? batch);
    this.#batches = [...batches.filter((batch) => batch.rows.length > 0), ...added];
  }

  /** Lets all of it go, what is set aside too: no entry will ever hold it. @returns what it was */
  async clear(): Promise<readonly JournalRow[]> {
    await this.#writing;
    const batches = this.#batches.filter(({ durable }) => durable);
    const numbers = batches.map(({ number }) => number);
    if (numbers.length > 0) await this.#store.commit({ remove: [...this.keysOf(numbers)] });
    this.forget(numbers);
    return batches.flatMap(({ rows }) => rows);
  }

  /** The one that takes changes, when this row was made at its frontier; else the next. */
  #batchFor(row: JournalRow): { readonly batch: Batch; readonly written: Promise<void> } {
    const open = this.#open;
    const [first] = open?.batch.rows ?? [];
    return open === null || (first !== undefined && !sameFrontier(first, row)) ? this.#begin() : open;
  }

  #begin(): { readonly batch: Batch; readonly written: Promise<void> } {
    const batch: Batch = { number: this.#next++, rows: [], beside: [], durable: false, aside: false };
    this.#batches.push(batch);
    const written = this.#write(batch);
    this.#writing = written.catch(() => undefined); // whoever added a row has the rejection
    this.#open = { batch, written };
    return this.#open;
  }

  async #write(batch: Batch): Promise<void> {
    await this.#writing;
    if (this.#open?.batch === batch) this.#open = null;
    try {
      if (this.#failure !== null) throw this.#failure;
      await this.#store.commit({ put: [await this.#seal(batch), ...batch.beside] });
    } catch (cause) {
      this.#batches = this.#batches.filter((other) => other !== batch);
      this.#failure ??= new CoreError("JOURNAL_FAILED", "a change could not be stored; open the database again", {
        cause,
      });
      throw this.#failure;
    }
    batch.durable = true;
  }

  #seal({ number, rows }: Batch): Promise<SealedRow> {
    return this.#local.seal(this.#key(number), encodeBatch(number, rows));
  }

  #key(number: number): Uint8Array {
    const key = new Uint8Array(this.#prefix.length + 8);
    key.set(this.#prefix);
    for (let at = key.length - 1, rest = number; rest > 0; at--, rest = Math.floor(rest / 256)) key[at] = rest % 256;
    return key;
  }
}

/** Null for what is no batch that this version knows. */
function readBatch(value: Uint8Array): readonly JournalRow[] | null {
  try {
    return decodeBatch(value).rows;
  } catch (error) {
    if (error instanceof CoreError) return null;
    throw error;
  }
}

/** The number at the end of a batch's key. */
function numberIn(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset + key.length - 8).getBigUint64(0));
}

/** All rows of a batch were made at the frontier of its first. */
function sameFrontier(a: JournalRow, b: JournalRow): boolean {
  if (a.frontier === b.frontier) return true;
  return (
    a.frontier.length === b.frontier.length &&
    a.frontier.every((id, at) => id.every((byte, i) => byte === b.frontier[at]?.[i]))
  );
}
