import { ByteWriter, type DatabaseId, equalBytes, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { CoreError } from "../errors.ts";
import type { LocalState, RowKind } from "../local/local-state.ts";
import { type CursorPlace, stretchIdBytes } from "./cursor.ts";
import { decodeHead, encodeHead, type IndexHead, type Stamped, type Stretch } from "./index-codec.ts";

const SEGMENT_ROWS = 100;
/** Rows that one transaction adds: a first index is many. */
const COMMIT_ROWS = 2_000;
/** Superseded rows that are always let be. */
const SLACK = 1_000;
/** Stretches that are remembered: whoever has slept through more begins anew. */
const STRETCHES = 256;

/** What the rows of an index are, beside their stamps. */
export interface RowFormat<Note> {
  readonly kind: RowKind;
  encode(rows: readonly Stamped<Note>[]): Uint8Array;
  /** @throws CoreError LOCAL_STATE_DAMAGED */
  decode(bytes: Uint8Array): readonly Stamped<Note>[];
}

export interface StampedIndexContext<Note> {
  readonly format: RowFormat<Note>;
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
  random(length: number): Uint8Array;
}

/**
 * What was last noted of each document of a database, or of each change, and when, in stamps. A disposable cache: what it says is held
 * against the documents before it is used.
 *
 * INVARIANT: a cursor that is taken up was handed out by what this index has grown from: rows are durable before anybody sees their
 * stamps, and stamps that another life of the store gave are of a stretch that is not known here, or end it too late. Test:
 * stamped-index.test.ts.
 */
export class StampedIndex<Note extends { readonly id: string }> {
  readonly #at: StampedIndexContext<Note>;
  readonly #rows = new Map<string, Stamped<Note>>();
  /** Ascending by stamp; with rows that others took the place of. */
  #order: Stamped<Note>[] = [];
  #head: IndexHead = { stretches: [], keys: new Set() };
  /** Full segments on the disk, and the rows of the one that is not full. */
  #full = 0;
  #tail: readonly Stamped<Note>[] = [];
  /** Rows on the disk, superseded ones too. */
  #stored = 0;
  /** What is on the disk and of no use. */
  #damaged: Uint8Array[] = [];
  /** Whether this run of the program has given stamps. */
  #isBegun = false;

  private constructor(at: StampedIndexContext<Note>) {
    this.#at = at;
  }

  /** What is damaged, or does not fit together, counts as absent as a whole. */
  static async load<Note extends { readonly id: string }>(at: StampedIndexContext<Note>): Promise<StampedIndex<Note>> {
    const index = new StampedIndex(at);
    try {
      await index.#load();
      return index;
    } catch (error) {
      if (!(error instanceof CoreError && error.code === "LOCAL_STATE_DAMAGED")) throw error;
      const anew = new StampedIndex(at);
      for await (const { key } of at.local.range(at.format.kind, at.database)) anew.#damaged.push(key);
      return anew;
    }
  }

  /** The stamp given last; 0 before the first. */
  get newest(): number {
    return this.#order.at(-1)?.stamp ?? 0;
  }

  /** The keys that this device has held, in hex; none before the first index. */
  get keys(): ReadonlySet<string> {
    return this.#head.keys;
  }

  get(id: string): Stamped<Note> | undefined {
    return this.#rows.get(id);
  }

  all(): Iterable<Stamped<Note>> {
    return this.#rows.values();
  }

  /** The next row after a stamp. */
  after(stamp: number): Stamped<Note> | undefined {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#order[middle]?.stamp ?? 0) > stamp) high = middle;
      else low = middle + 1;
    }
    while (low < this.#order.length) {
      const row = this.#order[low++];
      if (row !== undefined && this.#isCurrent(row)) return row;
    }
    return undefined;
  }

  /** Where a cursor goes on: at the beginning, unless what it counts on is certain. */
  stampOf({ stretch, newest, stamp }: CursorPlace): number {
    const { stretches } = this.#head;
    const at = stretches.findIndex(({ id }) => id === stretch);
    if (at < 0) return 0;
    const end = (stretches[at + 1]?.from ?? this.newest + 1) - 1;
    return newest <= end ? stamp : 0;
  }

  /** What a cursor says that is handed out now. */
  placeOf(stamp: number): CursorPlace {
    return { stretch: this.#head.stretches.at(-1)?.id ?? "", newest: this.newest, stamp };
  }

  /** Gives each its stamp; durable when it resolves. When it rejects, the index is to be loaded again. */
  async note(notes: readonly Note[], keys: ReadonlySet<string>): Promise<void> {
    for (let from = 0; from < notes.length; from += COMMIT_ROWS)
      await this.#note(notes.slice(from, from + COMMIT_ROWS), this.#head.keys);
    // Last: after a crash whoever goes on still finds that the documents of a new key were not seen before.
    const isKnown = [...keys].every((key) => this.#head.keys.has(key));
    if (!isKnown || this.#head.stretches.length === 0) await this.#note([], keys);
  }

  async #note(notes: readonly Note[], keys: ReadonlySet<string>): Promise<void> {
    const first = this.newest + 1;
    const rows = notes.map((note, at): Stamped<Note> => ({ ...note, stamp: first + at }));
    const { stretches } = this.#head;
    const begins = !this.#isBegun && (rows.length > 0 || stretches.length === 0);
    const head: IndexHead = { stretches: begins ? this.#begin(first) : stretches, keys };
    const isRewritten = this.#stored > 2 * this.#rows.size + SLACK;
    const renewed = new Set(notes.map(({ id }) => id));
    const kept = isRewritten ? this.#order.filter((row) => this.#isCurrent(row) && !renewed.has(row.id)) : this.#tail;
    const segments = pieces([...kept, ...rows], SEGMENT_ROWS);
    const from = isRewritten ? 0 : this.#full;
    await this.#commit(head, segments, from);
    this.#tail = (segments.at(-1)?.length ?? SEGMENT_ROWS) < SEGMENT_ROWS ? (segments.at(-1) ?? []) : [];
    this.#full = from + segments.length - (this.#tail.length > 0 ? 1 : 0);
    this.#stored = (isRewritten ? kept.length : this.#stored) + rows.length;
    this.#head = head;
    this.#isBegun ||= begins;
    for (const row of rows) this.#rows.set(row.id, row);
    this.#order.push(...rows);
    if (this.#order.length > 2 * this.#rows.size + SLACK)
      this.#order = this.#order.filter((row) => this.#isCurrent(row));
  }

  #isCurrent(row: Stamped<Note>): boolean {
    return this.#rows.get(row.id) === row;
  }

  #begin(from: number): readonly Stretch[] {
    const id = toHex(this.#at.random(stretchIdBytes));
    return [...this.#head.stretches, { id, from }].slice(-STRETCHES);
  }

  async #commit(head: IndexHead, segments: readonly (readonly Stamped<Note>[])[], from: number): Promise<void> {
    const { store, local } = this.#at;
    const isSame = head.stretches === this.#head.stretches && head.keys === this.#head.keys;
    const put = await Promise.all([
      ...(isSame ? [] : [local.seal(this.#key(null), encodeHead(head))]),
      ...segments.map((rows, at) => local.seal(this.#key(from + at), this.#at.format.encode(rows))),
    ]);
    const written = new Set(put.map(({ key }) => toHex(key)));
    const remove = this.#damaged.filter((key) => !written.has(toHex(key)));
    for (let at = from + segments.length; at <= this.#full; at++) remove.push(this.#key(at));
    await store.commit({ put, remove });
    this.#damaged = [];
  }

  /** @throws CoreError LOCAL_STATE_DAMAGED */
  async #load(): Promise<void> {
    const { local, database, format } = this.#at;
    const read: Stamped<Note>[] = [];
    let head: IndexHead | null = null;
    let segments = 0;
    for await (const { key, value } of local.range(format.kind, database)) {
      if (value === null || !equalBytes(key, this.#key(head === null ? null : segments))) throw damaged();
      if (head === null) head = decodeHead(value);
      else {
        const rows = format.decode(value);
        for (const row of rows) read.push(row);
        segments += 1;
        this.#tail = rows.length < SEGMENT_ROWS ? rows : [];
      }
    }
    if (head === null) return;
    if (read.some(({ stamp }, at) => stamp <= (read[at - 1]?.stamp ?? 0))) throw damaged();
    this.#head = head;
    this.#full = segments - (this.#tail.length > 0 ? 1 : 0);
    this.#stored = read.length;
    for (const row of read) this.#rows.set(row.id, row);
    this.#order = read.filter((row) => this.#isCurrent(row));
    if ((head.stretches.at(-1)?.from ?? 0) > this.newest + 1) throw damaged();
  }

  #key(segment: number | null): Uint8Array {
    const { local, database, format } = this.#at;
    return local.key(format.kind, database, segment === null ? new Uint8Array() : numbered(segment));
  }
}

const numbered = (segment: number): Uint8Array => new ByteWriter(4).u32(segment).finish();

function pieces<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

const damaged = (): CoreError => new CoreError("LOCAL_STATE_DAMAGED", "the pieces of an index do not fit together");
