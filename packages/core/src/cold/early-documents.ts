import type { WriterKey } from "@selkie/entry";
import { DocHandle, type DocState, NOTHING } from "../document/doc-handle.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { Documents } from "../document/documents.ts";
import { OwnChanges } from "../document/own-changes.ts";
import { Shelf } from "../document/shelf.ts";
import { WaitingChanges } from "../document/waiting-changes.ts";
import type { Platform } from "../platform.ts";
import { changesOf } from "./ground.ts";
import { headsOf } from "./heads.ts";
import type { Row } from "./page-codec.ts";
import { type Pages, pageOf } from "./pages.ts";
import { decodeProjection } from "./projection.ts";

/** What a snapshot shows of a document that has these heads; null where there is none that does. */
type ReadSaved = (id: DocId, heads: readonly string[]) => Promise<object | null>;

/** Pages that are kept as they were read. */
const KEPT = 64;

type Handle = WeakRef<DocHandle<object>>;

export interface EarlyContext {
  readonly platform: Platform;
  readonly pages: Pages;
  /** Those of the database, once its entries are read. */
  readonly documents: Pick<Documents, "purged">;
  /** Documents of which later entries, or the journal, say something. */
  readonly touched: ReadonlySet<DocId>;
  /** Whether documents may be edited before the entries are read. */
  readonly isEditable: boolean;
  /** What the loaded documents may take in memory. */
  readonly documentMemory: number;
  readonly readSaved: ReadSaved;
  /** The name of who edits here. */
  author(): string;
  /** The key that edits are made under, once there is one. */
  writer(): WriterKey | null;
}

/**
 * The documents of a database whose entries were not read yet, as projections show them, and as they were edited here since. To the entries
 * such an edit is what a run before this one left in the journal.
 *
 * INVARIANT: what is shown, or said to be absent, follows from the stored entries: whatever lies beyond what the projections came from touches
 * documents that are shown later. Test: cold-open.test.ts.
 */
export class EarlyDocuments {
  /** Documents by what they follow from, as their rows say, and what was edited since. */
  readonly documents: Documents;
  readonly ownChanges: OwnChanges;
  readonly shelf: Shelf;
  readonly #at: EarlyContext;
  readonly #handles = new Map<DocId, Handle>();
  readonly #kept = new Map<number, readonly Row[] | null>();
  #isOver = false;

  constructor(at: EarlyContext) {
    const { platform, documents, documentMemory, author, writer } = at;
    this.#at = at;
    this.documents = new Documents(platform.crypto, documents.purged);
    this.ownChanges = new OwnChanges(this.documents, new WaitingChanges(platform.crypto));
    this.shelf = new Shelf(platform, () => [author()], { memory: documentMemory, writer });
  }

  /** Documents of which the rows may say something old. */
  get touched(): ReadonlySet<DocId> {
    return this.#at.touched;
  }

  /** Whether what is shown may be edited. */
  get isEditable(): boolean {
    return this.#at.isEditable && !this.#isOver;
  }

  /** Whether the entries are asked from now on. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A document's one handle; undefined for one that is not there, null for one that only its entries tell of. */
  async find(name: DocId): Promise<DocHandle<object> | undefined | null> {
    const shown = this.#handles.get(name)?.deref();
    if (shown !== undefined) return shown;
    const row = this.documents.find(name) === undefined ? await this.#row(name) : undefined;
    const edited = this.documents.find(name);
    const handle = edited === undefined ? null : await this.shelf.handle(edited);
    if (this.#isOver) return null;
    if (handle !== null) return this.#keep(handle);
    if (row?.state === "unread") return this.#findSaved(row);
    return row && (this.#handles.get(name)?.deref() ?? this.#keep(this.#handleOf(row)));
  }

  /** What a document follows from, to be edited; undefined for one that is not there, null for one that only its entries tell of. */
  async record(name: DocId): Promise<DocumentRecord | undefined | null> {
    const known = this.documents.find(name);
    if (known !== undefined) return known;
    const row = await this.#row(name);
    if (this.#isOver || row?.state === "unread") return null;
    return row && (this.documents.find(name) ?? this.#take(row));
  }

  /** The ids of documents that exist and are not deleted; null where only the entries tell. */
  async ids(): Promise<readonly DocId[] | null> {
    if (this.touched.size > 0) return null;
    const shown = await this.#at.pages.ids();
    if (shown === null || this.#isOver) return null;
    const edited = [...this.documents.all()].filter(({ changes }) => changes.length > 0);
    if (edited.length === 0) return shown;
    const ids = new Set(shown);
    for (const { name, deleted } of edited)
      if (deleted) ids.delete(name);
      else ids.add(name);
    return [...ids];
  }

  /** From now on the entries are asked. @returns what was handed out */
  close(): Iterable<readonly [DocId, Handle]> {
    this.#isOver = true;
    this.#kept.clear();
    const handles = [...this.#handles];
    this.#handles.clear();
    return handles;
  }

  /** Of a row that says nothing but heads. */
  async #findSaved(row: Row): Promise<DocHandle<object> | null> {
    if (row.heads.length === 0) return null;
    const data = await this.#at.readSaved(row.id, headsOf(row));
    if (data === null || this.#isOver) return null;
    return this.#handles.get(row.id)?.deref() ?? this.#keep(this.#handleOf(row, data));
  }

  #keep(handle: DocHandle<object>): DocHandle<object> {
    this.#handles.set(handle.id, new WeakRef(handle));
    return handle;
  }

  #handleOf(row: Row, saved: object | null = null): DocHandle<object> {
    return new DocHandle<object>(row.id, shownIn(row, saved), this.#at.platform.report);
  }

  /** Null where a row keeps too little for it. */
  #take(row: Row): DocumentRecord | null {
    const changes = changesOf(row, this.documents.sha256);
    if (changes === null) return null;
    const record = this.documents.ensure(placeOf(row.id));
    record.changes = [...changes];
    record.handle = this.#handles.get(row.id) ?? null;
    return record;
  }

  /** Undefined for a document that is not there, null for one of which no row tells. */
  async #row(name: DocId): Promise<Row | undefined | null> {
    if (this.touched.has(name)) return null;
    const rows = await this.#page(pageOf(name, this.#at.pages.head?.bits ?? 0));
    return rows === null ? null : rows.find(({ id }) => id === name);
  }

  async #page(page: number): Promise<readonly Row[] | null> {
    const known = this.#kept.get(page);
    if (known !== undefined) return known;
    const rows = await this.#at.pages.read(page);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size < KEPT) break;
      this.#kept.delete(oldest);
    }
    this.#kept.set(page, rows);
    return rows;
  }
}

function shownIn(row: Row, saved: object | null): DocState<object> {
  const deleted = row.state === "deleted";
  let data = deleted ? NOTHING : saved;
  return {
    data: () => {
      data ??= decodeProjection(row.projection);
      return data;
    },
    deleted,
    heads: headsOf(row),
  };
}
