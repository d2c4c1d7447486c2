import { ByteReader, ByteWriter, type DatabaseId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import { type LocalState, type RowKind, rowKind } from "../local/local-state.ts";
import { decodeListing, encodeListing, type Listing, stampBytes } from "./listing-codec.ts";
import { decodeHead, decodeRows, encodeHead, encodeRows, type Head, type Row } from "./page-codec.ts";

export interface PagesContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
  random(length: number): Uint8Array;
}

/** Null for the rows of a page that is not there, or is another than the stamp says. */
type StampedPage = readonly [page: number, rows: readonly Row[] | null, stamp: string | undefined];

/**
 * The projections of a database's documents on the disk, page by page. A disposable cache: a page that is damaged, or another than the head
 * says, counts as absent, and without a head all of them do.
 * SECURITY: P-10, G1. Sealed under the device's local key with its place; an older copy of a page has another stamp (cold-open.test.ts "... of an older copy ...").
 */
export class Pages {
  readonly #at: PagesContext;
  #head: Head | null;

  private constructor(at: PagesContext, head: Head | null) {
    this.#at = at;
    this.#head = head;
  }

  static async open(at: PagesContext): Promise<Pages> {
    const head = await at.local.recall(headKey(at));
    return new Pages(at, head === undefined ? null : decodeHead(head));
  }

  get head(): Head | null {
    return this.#head;
  }

  /** The rows of a page; null for one that is not there. */
  async read(page: number): Promise<readonly Row[] | null> {
    if (!this.#head?.stamps[page]) return null;
    const { local } = this.#at;
    const listing = await local.recall(keyOf(this.#at, rowKind.listings, page));
    return this.#rows(page, listing, await local.recall(keyOf(this.#at, rowKind.projections, page)));
  }

  /** All of them, in order. */
  all(): AsyncIterable<StampedPage> {
    return this.stretch(0, this.#count);
  }

  /** So many of them, or those that there are, in order. */
  async *stretch(first: number, count: number): AsyncIterable<StampedPage> {
    const end = Math.min(first + count, this.#count);
    const listings = this.#values(rowKind.listings, first, end)[Symbol.asyncIterator]();
    for await (const [page, rows] of this.#values(rowKind.projections, first, end)) {
      const { value } = await listings.next();
      yield [page, this.#rows(page, value?.[1], rows), this.#head?.stamps[page]];
    }
  }

  /** The ids of all documents that are not deleted; null where a page is not there. */
  async ids(): Promise<readonly DocId[] | null> {
    const listed: DocId[] = [];
    for await (const [page, value] of this.#values(rowKind.listings)) {
      const listing = this.#listing(page, value);
      if (listing === null) return null;
      listing.ids.forEach((id, at) => void (listing.states[at] !== "deleted" && listed.push(id)));
    }
    return listed;
  }

  /** Writes some pages, and what the head says now, at once. With another number of pages, all others are absent. */
  async write(said: Omit<Head, "stamps">, pages: ReadonlyMap<number, readonly Row[]>): Promise<void> {
    const { store, local, random } = this.#at;
    const kept = this.#head?.bits === said.bits ? this.#head.stamps : Array<string>(2 ** said.bits).fill("");
    const stamps = [...kept];
    const put = [];
    for (const [page, rows] of pages) {
      const stamp = toHex(random(stampBytes));
      stamps[page] = stamp;
      put.push(await local.seal(keyOf(this.#at, rowKind.listings, page), encodeListing(stamp, rows)));
      put.push(await local.seal(keyOf(this.#at, rowKind.projections, page), encodeRows(stamp, rows)));
    }
    const head: Head = { ...said, stamps };
    put.push(await local.seal(headKey(this.#at), encodeHead(head)));
    await store.commit({ put });
    this.#head = head;
  }

  get #count(): number {
    return this.#head?.stamps.length ?? 0;
  }

  /** What is sealed of each page in the rows of a kind, in order; undefined for one that is not there. */
  async *#values(
    kind: RowKind,
    first = 0,
    end = this.#count,
  ): AsyncGenerator<readonly [page: number, value: Uint8Array | undefined], void> {
    if (first >= end) return;
    let next = first;
    const { local } = this.#at;
    for await (const { key, value } of local.stretch(keyOf(this.#at, kind, first), keyOf(this.#at, kind, end - 1))) {
      const page = pageIn(key);
      while (next < page) yield [next++, undefined];
      yield [next++, value ?? undefined];
    }
    while (next < end) yield [next++, undefined];
  }

  #rows(page: number, listed: Uint8Array | undefined, rows: Uint8Array | undefined): readonly Row[] | null {
    const listing = this.#listing(page, listed);
    return listing === null || rows === undefined ? null : decodeRows(rows, listing);
  }

  /** Null where it is none of the page that the head says. */
  #listing(page: number, value: Uint8Array | undefined): Listing | null {
    const stamp = this.#head?.stamps[page];
    const listing = stamp && value ? decodeListing(value) : null;
    return listing?.stamp === stamp ? listing : null;
  }
}

/** The rows with what these documents show, and those of pages that are no more: what is read there next is made anew. */
export async function rowsWith(at: Place, documents: readonly DocId[]): Promise<readonly Uint8Array[]> {
  const said = await at.local.recall(headKey(at));
  const known = said === undefined ? null : decodeHead(said);
  const pages = new Set(documents.map((id) => pageOf(id, known?.bits ?? 0)));
  const rows: Uint8Array[] = [];
  for (const kind of [rowKind.listings, rowKind.projections])
    for await (const { key } of at.local.range(kind, at.database)) {
      const page = pageIn(key);
      if (known === null || page >= known.stamps.length || pages.has(page)) rows.push(key);
    }
  return rows;
}

type Place = Pick<PagesContext, "local" | "database">;

const pageNumberBytes = 4;

const headKey = ({ local, database }: Place): Uint8Array => local.key(rowKind.projectionsHead, database);

function keyOf({ local, database }: Place, kind: RowKind, page: number): Uint8Array {
  return local.key(kind, database, new ByteWriter(pageNumberBytes).u32(page).finish());
}

function pageIn(key: Uint8Array): number {
  return new ByteReader(key.subarray(-pageNumberBytes)).u32();
}

/** The page that a document is on: ids are digests, so that pages fill alike. */
export function pageOf(id: DocId, bits: number): number {
  return bits === 0 ? 0 : Number.parseInt(id.slice(0, 8), 16) >>> (32 - bits);
}
