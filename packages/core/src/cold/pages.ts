import { ByteReader, ByteWriter, type DatabaseId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { DocId } from "../document/doc-id.ts";
import { type LocalState, rowKind } from "../local/local-state.ts";
import { decodeHead, decodePage, encodeHead, encodePage, type Head, type Row, stampBytes } from "./page-codec.ts";

export interface PagesContext {
  readonly database: DatabaseId;
  readonly store: Store;
  readonly local: LocalState;
  random(length: number): Uint8Array;
}

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
    const head = await at.local.recall(at.local.key(rowKind.projections, at.database));
    return new Pages(at, head === undefined ? null : decodeHead(head));
  }

  get head(): Head | null {
    return this.#head;
  }

  /** The rows of a page; null for one that is not there. */
  async read(page: number): Promise<readonly Row[] | null> {
    const value = this.#head?.stamps[page] ? await this.#at.local.recall(this.#key(page)) : undefined;
    return value === undefined ? null : this.#rows(page, value);
  }

  /** All of them, in order. */
  async *all(): AsyncIterable<readonly [page: number, rows: readonly Row[] | null]> {
    const { local, database } = this.#at;
    const head = this.#key(null);
    let next = 0;
    for await (const { key, value } of local.range(rowKind.projections, database)) {
      if (key.length === head.length) continue;
      const page = new ByteReader(key.subarray(head.length)).u32();
      while (next < page && next < this.#count) yield [next++, null];
      if (page !== next || page >= this.#count) continue;
      yield [next++, value === null ? null : this.#rows(page, value)];
    }
    while (next < this.#count) yield [next++, null];
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
      put.push(await local.seal(this.#key(page), encodePage({ stamp, rows })));
    }
    const head: Head = { ...said, stamps };
    put.push(await local.seal(this.#key(null), encodeHead(head)));
    await store.commit({ put });
    this.#head = head;
  }

  get #count(): number {
    return this.#head?.stamps.length ?? 0;
  }

  #rows(page: number, value: Uint8Array): readonly Row[] | null {
    const read = decodePage(value);
    const stamp = this.#head?.stamps[page] ?? "";
    return read !== null && stamp !== "" && read.stamp === stamp ? read.rows : null;
  }

  #key(page: number | null): Uint8Array {
    const { local, database } = this.#at;
    const rest = page === null ? new Uint8Array() : new ByteWriter(4).u32(page).finish();
    return local.key(rowKind.projections, database, rest);
  }
}

/** The rows with what these documents show, and those of pages that are no more: what is read there next is made anew. */
export async function rowsWith(
  at: Pick<PagesContext, "local" | "database">,
  documents: readonly DocId[],
): Promise<readonly Uint8Array[]> {
  const head = at.local.key(rowKind.projections, at.database);
  const said = await at.local.recall(head);
  const known = said === undefined ? null : decodeHead(said);
  const pages = new Set(documents.map((id) => pageOf(id, known?.bits ?? 0)));
  const rows: Uint8Array[] = [];
  for await (const { key } of at.local.range(rowKind.projections, at.database)) {
    if (key.length === head.length) continue;
    const page = new ByteReader(key.subarray(head.length)).u32();
    if (known === null || page >= known.stamps.length || pages.has(page)) rows.push(key);
  }
  return rows;
}

/** The page that a document is on: ids are digests, so that pages fill alike. */
export function pageOf(id: DocId, bits: number): number {
  return bits === 0 ? 0 : Number.parseInt(id.slice(0, 8), 16) >>> (32 - bits);
}
