import type { DocId } from "../document/doc-id.ts";
import type { Row } from "./page-codec.ts";
import { type Pages, pageOf } from "./pages.ts";

/** Pages that are read at a time. */
const STRETCH = 16;

/** A page as it was when its stamp was this. */
interface KeptPage {
  readonly stamp: string | undefined;
  readonly rows: ReadonlyMap<DocId, Row>;
}

/** Rows that say what documents are, for who looks at many: page by page, so that each is read once. */
export class CurrentRows {
  readonly #pages: Pages;
  readonly #isCurrent: (id: DocId) => boolean;
  #kept: ReadonlyMap<number, KeptPage> = new Map();

  constructor(pages: Pages, isCurrent: (id: DocId) => boolean) {
    this.#pages = pages;
    this.#isCurrent = isCurrent;
  }

  /** The documents of a page one after the other. */
  *inOrder(ids: Iterable<DocId>): Iterable<DocId> {
    const pages: DocId[][] = [];
    const bits = this.#pages.head?.bits ?? 0;
    for (const id of ids) {
      const page = pageOf(id, bits);
      pages[page] ??= [];
      pages[page].push(id);
    }
    for (const page of pages) yield* page ?? [];
  }

  /** Null where the document has to be asked; a promise where pages have to be read. */
  find(id: DocId): Row | null | Promise<Row | null> {
    if (!this.#isCurrent(id)) return null;
    const number = pageOf(id, this.#pages.head?.bits ?? 0);
    const page = this.#kept.get(number);
    return page?.stamp === this.#stampOf(number) ? this.#rowIn(page, id) : this.#read(number, id);
  }

  async #read(number: number, id: DocId): Promise<Row | null> {
    const kept = new Map<number, KeptPage>();
    this.#kept = new Map();
    for await (const [page, rows, stamp] of this.#pages.stretch(number, STRETCH))
      kept.set(page, { stamp, rows: new Map(rows?.map((row) => [row.id, row])) });
    this.#kept = kept;
    return this.#isCurrent(id) ? this.#rowIn(kept.get(number), id) : null; // it may have been announced meanwhile
  }

  #rowIn(page: KeptPage | undefined, id: DocId): Row | null {
    const row = page?.rows.get(id);
    return row?.state === "shown" ? row : null;
  }

  #stampOf(page: number): string | undefined {
    return this.#pages.head?.stamps[page];
  }
}
