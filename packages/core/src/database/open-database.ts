import type { EntryStore } from "@selkie/store";
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { Off } from "../events.ts";
import { copyEntries } from "../replica/copy-entries.ts";
import { createDocument } from "./create-document.ts";
import { createMany } from "./create-many.ts";
import type { Database, DatabaseEvents, Draft } from "./database.ts";
import { DatabaseHistory } from "./database-history.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { type Edit, editDocument } from "./edit-document.ts";
import type { History } from "./history.ts";
import { checkWith, type Schema, type SchemaCheck, unchecked } from "./schema-check.ts";

/** The one implementation of `Database`: each method is a line or two over the parts. */
export class OpenDatabase<T extends object, In = T> implements Database<T, In> {
  readonly name: string;
  readonly history: History<T>;
  readonly #parts: DatabaseParts;
  readonly #check: SchemaCheck<T, In>;
  /** Shared by all handles of this database. */
  readonly #life: { closed: Promise<void> | null };

  /** The parts of an open database, for functions over it. @throws CoreError CLOSED */
  static partsOf(database: OpenDatabase<object>): DatabaseParts {
    return database.#open();
  }

  /** Whatever is written is written. */
  static untyped(parts: DatabaseParts): OpenDatabase<object> {
    return new OpenDatabase<object>(parts, unchecked());
  }

  constructor(
    parts: DatabaseParts,
    check: SchemaCheck<T, In>,
    life: { closed: Promise<void> | null } = { closed: null },
  ) {
    this.name = parts.name;
    this.history = new DatabaseHistory<T>(() => this.#open(), check);
    this.#parts = parts;
    this.#check = check;
    this.#life = life;
  }

  /** The same database for whoever writes by this schema. */
  typed<S extends object, New>(schema: Schema<S, New>): OpenDatabase<S, New> {
    return new OpenDatabase<S, New>(this.#parts, checkWith(schema), this.#life);
  }

  async createDocument(data: In = {} as In, options: { id?: string; key?: string } = {}): Promise<Doc<T>> {
    const parts = this.#writable();
    const key = parts.keyId(options.key);
    const ready = parts.writes.ready(key, parts.held() !== null); // a key this device can't seal under is found out before anything is made
    if (ready !== null) await ready;
    const created = this.#check.created(data);
    return this.#show(await createDocument(parts, { data: created, key, name: options.id ?? null }));
  }

  async createDocuments(
    rows: Iterable<In> | AsyncIterable<In>,
    options: { key?: string } = {},
  ): Promise<readonly DocId[]> {
    const parts = this.#writable();
    const key = parts.keyId(options.key);
    const check = (row: In): T => this.#check.created(row);
    return createMany(parts, { rows, key, check, created: (id) => parts.events.emit("change", { id }) });
  }

  async getDocument(id: DocId): Promise<Doc<T>> {
    const doc = await this.findDocument(id);
    if (doc === undefined) throw new CoreError("DOC_NOT_FOUND", "no document with this id is known here");
    return doc;
  }

  async findDocument(id: DocId): Promise<Doc<T> | undefined> {
    const record = this.#open().documents.find(id);
    if (record === undefined) return undefined;
    return (await this.#parts.shelf.handle(record)) as unknown as Doc<T>;
  }

  async getAllDocumentIds(): Promise<readonly DocId[]> {
    const ids: DocId[] = [];
    for (const { name, deleted, changes } of this.#open().documents.all())
      if (!deleted && changes.length > 0) ids.push(name);
    return ids;
  }

  async changeDoc(
    doc: Doc<T>,
    change: (draft: Draft<T>) => void | Promise<void>,
    { message }: { message?: string } = {},
  ): Promise<Doc<T>> {
    const parts = this.#open();
    const record = parts.documents.require(doc.id);
    const edit: Edit = (data, text) => {
      const going = change({ id: doc.id, getData: () => data as T, text });
      try {
        this.#check.changed(data); // what is edited after an await is refused anyway
      } catch (error) {
        going?.catch(() => undefined); // nobody waits for it
        throw error;
      }
      return going;
    };
    await editDocument(parts, record, edit, message);
    return this.#show(record);
  }

  async deleteDocument(doc: Doc<T> | DocId): Promise<void> {
    const parts = this.#open();
    const record = parts.documents.require(typeof doc === "string" ? doc : doc.id);
    await editDocument(parts, record, "delete");
    await this.#show(record);
  }

  async undeleteDocument(id: DocId): Promise<Doc<T>> {
    const parts = this.#open();
    const record = parts.documents.require(id);
    await editDocument(parts, record, "undelete");
    return this.#show(record);
  }

  getStore(): EntryStore {
    return this.#open().replica;
  }

  pullChangesFrom(store: EntryStore): Promise<{ entries: number }> {
    const { platform, replica } = this.#open();
    return copyEntries(platform, store, replica);
  }

  pushChangesTo(store: EntryStore): Promise<{ entries: number }> {
    const { platform, replica } = this.#open();
    return copyEntries(platform, replica, store);
  }

  on<Type extends keyof DatabaseEvents>(type: Type, listener: (event: DatabaseEvents[Type]) => void): Off {
    return this.#parts.events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.closed ??= this.#parts.close();
    await this.#life.closed;
  }

  async #show(record: DocumentRecord): Promise<Doc<T>> {
    this.#parts.events.emit("change", { id: record.name });
    return (record.handle?.deref() ?? (await this.#parts.shelf.handle(record))) as unknown as Doc<T>;
  }

  #writable(): DatabaseParts {
    this.#open().mayWrite();
    return this.#parts;
  }

  #open(): DatabaseParts {
    if (this.#life.closed !== null) throw new CoreError("CLOSED", "the database is closed");
    return this.#parts;
  }
}
