import { DocHandle, type DocState, NOTHING } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Row } from "./page-codec.ts";
import { headsOf, type Pages, pageOf } from "./pages.ts";
import { decodeProjection } from "./projection.ts";

/** Pages that are kept as they were read. */
const KEPT = 64;

type Handle = WeakRef<DocHandle<object>>;

/**
 * The documents of a database whose entries were not read yet, as projections show them.
 *
 * INVARIANT: what is shown, or said to be absent, follows from the stored entries: whatever lies beyond what the projections came from touches
 * documents that are shown later. Test: cold-open.test.ts.
 */
export class EarlyDocuments {
  readonly #pages: Pages;
  readonly #touched: ReadonlySet<DocId>;
  readonly #report: (error: unknown) => void;
  readonly #handles = new Map<DocId, Handle>();
  readonly #kept = new Map<number, readonly Row[] | null>();
  #isClosed = false;

  /** @param touched documents of which later entries, or the journal, say something */
  constructor(pages: Pages, touched: ReadonlySet<DocId>, report: (error: unknown) => void) {
    this.#pages = pages;
    this.#touched = touched;
    this.#report = report;
  }

  /** Documents of which the rows may say something old. */
  get touched(): ReadonlySet<DocId> {
    return this.#touched;
  }

  /** A document's one handle; undefined for one that is not there, null for one that only its entries tell of. */
  async find(name: DocId): Promise<DocHandle<object> | undefined | null> {
    const known = this.#handles.get(name)?.deref();
    if (known !== undefined) return known;
    if (this.#touched.has(name)) return null;
    const rows = await this.#page(pageOf(name, this.#pages.head?.bits ?? 0));
    const row = rows?.find(({ id }) => id === name);
    if (this.#isClosed || rows === null || row?.state === "unread") return null;
    return row === undefined ? undefined : (this.#handles.get(name)?.deref() ?? this.#handle(row));
  }

  /** The ids of documents that exist and are not deleted; null where only the entries tell. */
  async ids(): Promise<readonly DocId[] | null> {
    if (this.#touched.size > 0) return null;
    const ids: DocId[] = [];
    for await (const [, rows] of this.#pages.all()) {
      if (rows === null) return null;
      for (const { id, state } of rows) if (state !== "deleted") ids.push(id);
    }
    return ids;
  }

  /** From now on the entries are asked. @returns what was handed out */
  close(): Iterable<readonly [DocId, Handle]> {
    this.#isClosed = true;
    this.#kept.clear();
    return this.#handles;
  }

  #handle(row: Row): DocHandle<object> {
    const handle = new DocHandle<object>(row.id, shownIn(row), this.#report);
    this.#handles.set(row.id, new WeakRef(handle));
    return handle;
  }

  async #page(page: number): Promise<readonly Row[] | null> {
    const known = this.#kept.get(page);
    if (known !== undefined) return known;
    const rows = await this.#pages.read(page);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size < KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(page, rows);
    return rows;
  }
}

function shownIn(row: Row): DocState<object> {
  const deleted = row.state === "deleted";
  let data: object | null = deleted ? NOTHING : null;
  return {
    data: () => {
      data ??= decodeProjection(row.projection);
      return data;
    },
    deleted,
    heads: headsOf(row),
  };
}
