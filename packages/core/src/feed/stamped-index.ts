import { equalBytes, toHex } from "@selkie/entry";
import type { Covered } from "../cold/covered.ts";
import { CoreError } from "../errors.ts";
import { type CursorPlace, stretchIdBytes } from "./cursor.ts";
import {
  damaged,
  encodeHead,
  generationBytes,
  type IndexHead,
  type Mark,
  type Stamped,
  type Stretch,
} from "./index-codec.ts";
import { IndexRows, SLACK } from "./index-rows.ts";
import { IndexSegments, type IndexSegmentsContext, SEGMENT_ROWS } from "./index-segments.ts";

/** Rows that one transaction adds: a first index is many. */
const COMMIT_ROWS = 2_000;
/** Stretches that are remembered: whoever has slept through more begins anew. */
const STRETCHES = 256;
/** Rows that wait to be written, at most. */
const MOST_HELD = 1_000;
/** Segments that are read back at a time, at first. */
const READ_BACK = 16;

export interface StampedIndexContext<Note> extends IndexSegmentsContext<Note> {
  random(length: number): Uint8Array;
}

/**
 * What was last noted of each document of a database, or of each change, and when, in stamps. A disposable cache: what it says is held
 * against the documents before it is used, but where a mark tells that nothing can have moved.
 *
 * INVARIANT: a cursor that is taken up was handed out by what this index has grown from: rows are durable before anybody keeps their
 * stamps, and stamps that another life of the store gave are of a stretch that is not known here, or end it too late. Test:
 * stamped-index.test.ts.
 */
export class StampedIndex<Note extends { readonly id: string }> {
  readonly #at: StampedIndexContext<Note>;
  readonly #segments: IndexSegments<Note>;
  readonly #rows = new IndexRows<Note>();
  #head: IndexHead;
  /** Segments from this one on were read, and rows of greater stamps than this are here. */
  #first = 0;
  #since = 0;
  /** Full segments on the disk, and the rows of the one that is not full. */
  #full = 0;
  #tail: readonly Stamped<Note>[] = [];
  /** Rows that are not on the disk yet, behind those of the tail. */
  #held: readonly Stamped<Note>[] = [];
  /** What is on the disk and of no use. */
  #useless: readonly Uint8Array[] = [];
  /** Whether this run of the program has given stamps. */
  #isBegun = false;

  private constructor(at: StampedIndexContext<Note>) {
    this.#at = at;
    this.#segments = new IndexSegments(at);
    this.#head = { generation: this.#newGeneration(), stretches: [], keys: new Set(), mark: null };
  }

  /**
   * Reads what is behind the mark, or all of it. What is damaged, or does not fit together, counts as absent as a whole.
   * @param isWhole whether all is to be read, without a mark: a piece was found to be damaged
   */
  static async load<Note extends { readonly id: string }>(
    at: StampedIndexContext<Note>,
    isWhole = false,
  ): Promise<StampedIndex<Note>> {
    const index = new StampedIndex(at);
    try {
      await index.#load(isWhole);
      return index;
    } catch (error) {
      if (!isDamaged(error)) throw error;
      if (!isWhole) return await StampedIndex.load(at, true);
      const anew = new StampedIndex(at);
      anew.#useless = await anew.#segments.keys();
      return anew;
    }
  }

  /** The stamp given last; 0 before the first. */
  get newest(): number {
    return this.#rows.newest;
  }

  /** The keys that this device has held, in hex; none before the first index. */
  get keys(): ReadonlySet<string> {
    return this.#head.keys;
  }

  /** When it said last what all documents were; null where that is not known. */
  get mark(): Mark | null {
    return this.#head.mark;
  }

  /** Whether all rows are here. */
  get isWhole(): boolean {
    return this.#first === 0;
  }

  /** Of the rows that are here. */
  get(id: string): Stamped<Note> | undefined {
    return this.#rows.get(id);
  }

  /** The rows that are here. */
  all(): Iterable<Stamped<Note>> {
    return this.#rows.all();
  }

  /** The next row after a stamp, as far back as was reached. */
  after(stamp: number): Stamped<Note> | undefined {
    return this.#rows.after(stamp);
  }

  /** Reads back as far as somebody reads on from. @throws CoreError LOCAL_STATE_DAMAGED: then it is to be loaded again, whole */
  async reach(stamp: number): Promise<void> {
    for (let count = READ_BACK; stamp < this.#since; count *= 2) {
      const first = Math.max(0, this.#first - count);
      const rows = await this.#segments.read(this.#head.generation, first, this.#first);
      if ((rows.at(-1)?.stamp ?? 0) > this.#since) throw damaged();
      this.#rows.addBefore(rows);
      this.#first = first;
      this.#since = sinceOf(first, rows);
    }
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

  /** Rows that are not durable yet: nobody may keep their stamps. */
  get held(): readonly Stamped<Note>[] {
    return this.#held;
  }

  /** Gives each its stamp, and writes them with what comes later. @returns false where they have to be noted at once */
  hold(notes: readonly Note[]): boolean {
    if (!this.#isBegun || this.#held.length + notes.length > MOST_HELD) return false;
    const rows = this.#stamped(notes);
    this.#held = [...this.#held, ...rows];
    this.#rows.add(rows);
    return true;
  }

  /** What is held is durable when it resolves. Rejects as `note` does. */
  async keep(): Promise<void> {
    if (this.#held.length > 0) await this.#note([], this.#head.keys);
  }

  /** Gives each its stamp; durable when it resolves. When it rejects, the index is to be loaded again. */
  async note(notes: readonly Note[], keys: ReadonlySet<string>): Promise<void> {
    for (let from = 0; from < notes.length; from += COMMIT_ROWS)
      await this.#note(notes.slice(from, from + COMMIT_ROWS), this.#head.keys);
    // Last: after a crash whoever goes on still finds that the documents of a new key were not seen before.
    const isKnown = [...keys].every((key) => this.#head.keys.has(key));
    if (!isKnown || this.#head.stretches.length === 0) await this.#note([], keys);
  }

  /** What it says is what all documents were when this was covered. Rejects as `note` does. */
  async markAt({ basis, vector, ended }: Covered): Promise<void> {
    await this.keep();
    const segment = Math.max(0, this.#count - 1);
    const mark: Mark = { basis, vector, ended, newest: this.newest, segment, size: this.#size };
    const head = { ...this.#head, mark };
    if (equalBytes(encodeHead(head), encodeHead(this.#head))) return;
    await this.#write(head, [], this.#count);
    this.#head = head;
  }

  async #note(notes: readonly Note[], keys: ReadonlySet<string>): Promise<void> {
    const stored = this.#full * SEGMENT_ROWS + this.#tail.length + this.#held.length;
    const isMuch = (): boolean => stored > 2 * this.#size + SLACK;
    if (isMuch()) await this.reach(0);
    const isRewritten = isMuch();
    const rows = this.#stamped(notes);
    const { stretches, generation, mark } = this.#head;
    const begins = !this.#isBegun && (rows.length > 0 || stretches.length === 0);
    const head: IndexHead = {
      ...{ keys, stretches: begins ? this.#begin(this.newest + 1) : stretches },
      ...(isRewritten ? { generation: this.#newGeneration(), mark: null } : { generation, mark }),
    };
    const renewed = new Set(notes.map(({ id }) => id));
    const kept = isRewritten
      ? this.#rows.current().filter(({ id }) => !renewed.has(id))
      : [...this.#tail, ...this.#held];
    const isSame = !begins && !isRewritten && keys === this.#head.keys;
    const from = isRewritten ? 0 : this.#full;
    const written = [...kept, ...rows];
    await this.#write(isSame ? null : head, written, from);
    this.#tail = written.slice(written.length - (written.length % SEGMENT_ROWS));
    this.#full = from + Math.floor(written.length / SEGMENT_ROWS);
    this.#head = head;
    this.#held = [];
    this.#isBegun ||= begins;
    this.#rows.add(rows);
  }

  #stamped(notes: readonly Note[]): readonly Stamped<Note>[] {
    const first = this.newest + 1;
    return notes.map((note, at) => ({ ...note, stamp: first + at }));
  }

  /** How many rows count, at least. */
  get #size(): number {
    return this.isWhole ? this.#rows.size : Math.max(this.#rows.size, this.mark?.size ?? 0);
  }

  /** Segments on the disk. */
  get #count(): number {
    return this.#full + (this.#tail.length > 0 ? 1 : 0);
  }

  #begin(from: number): readonly Stretch[] {
    const id = toHex(this.#at.random(stretchIdBytes));
    return [...this.#head.stretches, { id, from }].slice(-STRETCHES);
  }

  #newGeneration(): string {
    return toHex(this.#at.random(generationBytes));
  }

  async #write(head: IndexHead | null, rows: readonly Stamped<Note>[], from: number): Promise<void> {
    const { generation } = head ?? this.#head;
    await this.#segments.write({ head, generation, rows, from, count: this.#count, useless: this.#useless });
    this.#useless = [];
  }

  /** @throws CoreError LOCAL_STATE_DAMAGED */
  async #load(isWhole: boolean): Promise<void> {
    const head = await this.#segments.head();
    if (head === null) return;
    const mark = isWhole ? null : head.mark;
    const first = mark?.segment ?? 0;
    const read = await this.#segments.read(head.generation, first);
    // Without it this is an older copy of the segment.
    if (mark !== null && mark.newest > 0 && !read.some(({ stamp }) => stamp === mark.newest)) throw damaged();
    this.#head = { ...head, mark };
    this.#first = first;
    this.#since = sinceOf(first, read);
    this.#full = first + Math.floor(read.length / SEGMENT_ROWS);
    this.#tail = read.slice(read.length - (read.length % SEGMENT_ROWS));
    this.#rows.addBefore(read);
    if ((head.stretches.at(-1)?.from ?? 0) > this.newest + 1) throw damaged();
  }
}

/** What is damaged, or does not fit together. */
export const isDamaged = (error: unknown): boolean =>
  error instanceof CoreError && error.code === "LOCAL_STATE_DAMAGED";

function sinceOf(first: number, rows: readonly Stamped<unknown>[]): number {
  return first === 0 ? 0 : (rows[0]?.stamp ?? 1) - 1;
}
