import { ByteWriter, type DatabaseId, equalBytes, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { LocalState } from "../local/local-state.ts";
import {
  damaged,
  decodeHead,
  decodeRows,
  encodeHead,
  encodeRows,
  type IndexHead,
  type RowFormat,
  type Stamped,
} from "./index-codec.ts";

/** Rows of a segment; of the last there may be fewer. */
export const SEGMENT_ROWS = 100;
const MOST_SEGMENTS = 2 ** 32 - 1;

export interface IndexSegmentsContext<Note> {
  readonly format: RowFormat<Note>;
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
}

/** What is written at once. */
interface Writing<Note> {
  /** Null where it says what it did. */
  readonly head: IndexHead | null;
  readonly generation: string;
  readonly rows: readonly Stamped<Note>[];
  /** The number of the segment that these begin. */
  readonly from: number;
  /** How many segments there were. */
  readonly count: number;
  /** What else is of no use then. */
  readonly useless: readonly Uint8Array[];
}

/**
 * The pieces of an index on the disk: a head, and segments of rows that follow one another.
 * SECURITY: G1. Each is sealed under the device's local key with its place, and says of which generation it is: within one, rows are only
 * added, so that an older copy of a segment lacks rows, and none says another thing of a document (stamped-index.test.ts "... older copy ...").
 */
export class IndexSegments<Note> {
  readonly #at: IndexSegmentsContext<Note>;

  constructor(at: IndexSegmentsContext<Note>) {
    this.#at = at;
  }

  /** Null where there is nothing. @throws CoreError LOCAL_STATE_DAMAGED */
  async head(): Promise<IndexHead | null> {
    const head = await this.#at.local.recall(this.#key(null));
    if (head !== undefined) return decodeHead(head);
    if ((await this.keys()).length > 0) throw damaged();
    return null;
  }

  /** The rows from a segment on, to the end of all or of another segment. @throws CoreError LOCAL_STATE_DAMAGED */
  async read(generation: string, first: number, end?: number): Promise<readonly Stamped<Note>[]> {
    const { format, local } = this.#at;
    const rows: Stamped<Note>[] = [];
    let next = first;
    for await (const { key, value } of local.stretch(this.#key(first), this.#key((end ?? MOST_SEGMENTS) - 1))) {
      const isNext = equalBytes(key, this.#key(next)) && rows.length === (next - first) * SEGMENT_ROWS;
      if (value === null || !isNext) throw damaged();
      for (const row of decodeRows(format, generation, value)) rows.push(row);
      next += 1;
    }
    if (end !== undefined && rows.length !== (end - first) * SEGMENT_ROWS) throw damaged();
    if (rows.some(({ stamp }, at) => stamp <= (rows[at - 1]?.stamp ?? 0))) throw damaged();
    return rows;
  }

  async write({ head, generation, rows, from, count, useless }: Writing<Note>): Promise<void> {
    const { store, local, format } = this.#at;
    const segments = Array.from({ length: Math.ceil(rows.length / SEGMENT_ROWS) }, (_, at) =>
      rows.slice(at * SEGMENT_ROWS, (at + 1) * SEGMENT_ROWS),
    );
    const put = await Promise.all([
      ...(head === null ? [] : [local.seal(this.#key(null), encodeHead(head))]),
      ...segments.map((some, at) => local.seal(this.#key(from + at), encodeRows(format, generation, some))),
    ]);
    const written = new Set(put.map(({ key }) => toHex(key)));
    const remove = useless.filter((key) => !written.has(toHex(key)));
    for (let at = from + segments.length; at < count; at++) remove.push(this.#key(at));
    await store.commit({ put, remove });
  }

  /** Of all that is there, damaged or not. */
  async keys(): Promise<readonly Uint8Array[]> {
    const keys: Uint8Array[] = [];
    for await (const { key } of this.#at.local.range(this.#at.format.kind, this.#at.database)) keys.push(key);
    return keys;
  }

  #key(segment: number | null): Uint8Array {
    const { local, database, format } = this.#at;
    return local.key(format.kind, database, segment === null ? undefined : new ByteWriter(4).u32(segment).finish());
  }
}
