import type { EntryStore } from "@selkie/store";
import type { EarlyDocuments } from "../cold/early-documents.ts";
import { type Doc, idOf } from "../document/doc-handle.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { Off } from "../events.ts";
import type { FeedItem, FeedOptions, RevisionItem, RevisionOptions } from "../feed/feed-item.ts";
import { copyEntries } from "../replica/copy-entries.ts";
import { namedStem } from "../sealing/document-id.ts";
import type { WaitOptions } from "../unless-aborted.ts";
import { createDocument } from "./create-document.ts";
import { createMany } from "./create-many.ts";
import type { Database, DatabaseEvents, DatabaseTransaction, Draft } from "./database.ts";
import { DatabaseHistory } from "./database-history.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { earlyParts } from "./early-parts.ts";
import { checkedEdit, type Edit, editDocument } from "./edit-document.ts";
import type { ChangeOptions, History } from "./history.ts";
import { purgeDocument } from "./purge-document.ts";
import type { Purger } from "./purge-host.ts";
import type { PurgeOptions, PurgeReport } from "./purge-report.ts";
import { checkWith, type Schema, type SchemaCheck, unchecked } from "./schema-check.ts";
import { transact } from "./transact.ts";

/** What all handles of one database share. */
interface Opened {
  readonly parts: DatabaseParts;
  closed: Promise<void> | null;
}

/** By what whoever has a handle writes. */
interface Writing<T extends object, In> {
  readonly check: SchemaCheck<T, In>;
  /** Name of a key. */
  readonly key: string | undefined;
}

/** The one implementation of `Database`: each method is a line or two over the parts. */
export class OpenDatabase<T extends object, In = T, Home = null> implements Database<T, In> {
  readonly name: string;
  /** Whose it is, where somebody was told. */
  readonly tenant: Home;
  readonly history: History<T>;
  readonly #opened: Opened;
  readonly #check: SchemaCheck<T, In>;
  /** Under which documents are created where nothing else is said; the tenant's default key when there is none. */
  readonly #key: string | undefined;

  /** The parts of an open database, for functions over it. @throws CoreError CLOSED */
  static partsOf(database: OpenDatabase<object, object, unknown>): DatabaseParts {
    return database.#open();
  }

  /** Whatever is written is written. */
  static untyped(parts: DatabaseParts): OpenDatabase<object> {
    return new OpenDatabase({ parts, closed: null }, { check: unchecked<object, object>(), key: undefined }, null);
  }

  private constructor(opened: Opened, { check, key }: Writing<T, In>, tenant: Home) {
    this.name = opened.parts.name;
    this.tenant = tenant;
    this.history = new DatabaseHistory<T>(() => this.#open(), check);
    this.#opened = opened;
    this.#check = check;
    this.#key = key;
  }

  /** The same database as one of this tenant, for whoever writes by this schema, or by none, and under this key. */
  of<S extends object, New, Tenant>(
    tenant: Tenant,
    { schema, key }: { readonly schema: Schema<S, New> | undefined; readonly key: string | undefined },
  ): OpenDatabase<S, New, Tenant> {
    const check = schema === undefined ? unchecked<S, New>() : checkWith(schema);
    return new OpenDatabase(this.#opened, { check, key }, tenant);
  }

  /** The id of a document by the app's name for it. @throws CoreError KEY_UNKNOWN | CLOSED */
  idNamed(name: string, key: string | undefined): DocId {
    const { platform, id, keyId } = this.#open();
    return docIdOf({ stem: namedStem(platform.crypto, id, name), keyId: keyId(key ?? this.#key) });
  }

  async createDocument(data: In = {} as In, options: { id?: string; key?: string } = {}): Promise<Doc<T>> {
    const { mayWrite, keyId, writes, held } = this.#open();
    mayWrite();
    const key = keyId(options.key ?? this.#key);
    const ready = writes.ready(key, held() !== null); // a key this device can't seal under is found out before anything is made
    if (ready !== null) await ready;
    const created = this.#check.created(data);
    const [parts, name] = [this.#loadedNow, options.id ?? null];
    const document = { data: created, key, name };
    if (parts !== null) return this.#show(await createDocument(parts, document));
    const id = name === null ? null : this.idNamed(name, options.key);
    return this.#show(await createDocument(await this.#partsFor(id), document));
  }

  async createDocuments(
    rows: Iterable<In> | AsyncIterable<In>,
    options: { key?: string } = {},
  ): Promise<readonly DocId[]> {
    const parts = this.#loadedNow ?? (await this.#loaded());
    parts.mayWrite();
    const key = parts.keyId(options.key ?? this.#key);
    const check = (row: In): T => this.#check.created(row);
    return createMany(parts, { rows, key, check, created: (id) => parts.events.emit("change", { id }) });
  }

  async getDocument(id: DocId): Promise<Doc<T>> {
    this.#open().documents.requireAlive(id);
    const doc = await this.findDocument(id);
    if (doc === undefined) throw new CoreError("DOC_NOT_FOUND", "no document with this id is known here");
    return doc;
  }

  async findDocument(id: DocId): Promise<Doc<T> | undefined> {
    const shown = this.#early === null ? null : await this.#early.find(id);
    if (shown !== null) return shown as unknown as Doc<T> | undefined;
    const { documents, shelf } = this.#loadedNow ?? (await this.#loaded());
    const record = documents.find(id);
    if (record === undefined) return undefined;
    return (await shelf.handle(record)) as unknown as Doc<T>;
  }

  async getAllDocumentIds(): Promise<readonly DocId[]> {
    const shown = this.#early === null ? null : await this.#early.ids();
    if (shown !== null) return shown;
    const { documents } = this.#loadedNow ?? (await this.#loaded());
    return [...documents.names({ deleted: false })];
  }

  async changeDoc(
    doc: Doc<T> | DocId,
    change: (draft: Draft<T>) => void | Promise<void>,
    { message }: ChangeOptions = {},
  ): Promise<Doc<T>> {
    return this.#show(await this.#edit(doc, checkedEdit(this.#check, idOf(doc), change), message));
  }

  async deleteDocument(doc: Doc<T> | DocId, { message }: ChangeOptions = {}): Promise<void> {
    await this.#show(await this.#edit(doc, "delete", message));
  }

  async undeleteDocument(doc: Doc<T> | DocId, { message }: ChangeOptions = {}): Promise<Doc<T>> {
    return this.#show(await this.#edit(doc, "undelete", message));
  }

  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T>>;
  iterateChangesSince(cursor: string | null, options: RevisionOptions): AsyncIterable<RevisionItem<T>>;
  iterateChangesSince(cursor: string | null, options: FeedOptions | RevisionOptions = {}): AsyncIterable<FeedItem<T>> {
    const { feed } = this.#open();
    const items = options.revisions === true ? feed.revisions(cursor, options) : feed.documents(cursor, options);
    const typed = items as AsyncIterable<unknown> as AsyncIterable<FeedItem<T>>;
    return this.#loadedNow === null ? this.#onceLoaded(typed) : typed;
  }

  async transact<R>(run: (tx: DatabaseTransaction<T, In>) => Promise<R>, { message }: ChangeOptions = {}): Promise<R> {
    const parts = this.#loadedNow ?? (await this.#loaded());
    parts.mayWrite();
    return transact(parts, this.#check, run, { key: this.#key, message });
  }

  async purgeDocHistory(doc: Doc<T> | DocId, options: PurgeOptions = {}): Promise<PurgeReport> {
    return purgeDocument(this.#loadedNow ?? (await this.#loaded()), idOf(doc), options);
  }

  /** The same, by who is not this device's person. */
  async purgeBy(by: Purger, id: DocId, options: PurgeOptions): Promise<PurgeReport> {
    const parts = await this.#loaded();
    if (options.keep !== undefined) parts.mayWrite();
    return purgeDocument(parts, id, options, by);
  }

  getStore(): EntryStore {
    return this.#open().replica;
  }

  async pullChangesFrom(store: EntryStore, { signal }: WaitOptions = {}): Promise<{ entries: number }> {
    const { platform, replica } = this.#loadedNow ?? (await this.#loaded());
    return copyEntries(platform, { from: store, to: replica, signal });
  }

  async pushChangesTo(store: EntryStore, { signal }: WaitOptions = {}): Promise<{ entries: number }> {
    const { platform, replica } = this.#loadedNow ?? (await this.#loaded());
    return copyEntries(platform, { from: replica, to: store, signal });
  }

  on<Type extends keyof DatabaseEvents>(type: Type, listener: (event: DatabaseEvents[Type]) => void): Off {
    return this.#opened.parts.events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened.closed ??= this.#opened.parts.close();
    await this.#opened.closed;
  }

  /** Nearly always at once: an edit has a handle. */
  #show(record: DocumentRecord): Doc<T> | Promise<Doc<T>> {
    const { events, documents, shelf } = this.#opened.parts;
    events.emit("change", { id: record.name });
    const known = record.handle?.deref();
    if (known !== undefined) return known as unknown as Doc<T>;
    // Of a document that was edited before all entries were read there is another record then.
    return documents.get(record.name) === record
      ? (shelf.handle(record) as Promise<unknown> as Promise<Doc<T>>)
      : this.getDocument(record.name);
  }

  /** The parts, if all documents are loaded: nearly always, and then nothing is awaited. @throws CoreError CLOSED */
  get #loadedNow(): DatabaseParts | null {
    const parts = this.#open();
    return parts.loading.isDone ? parts : null;
  }

  async #edit(doc: Doc<T> | DocId, edit: Edit, message: string | undefined): Promise<DocumentRecord> {
    const id = idOf(doc);
    const parts = this.#loadedNow ?? (await this.#partsFor(id));
    const record = parts.documents.find(id) ?? (await onceMadeAnew(parts, id));
    await editDocument(parts, record, edit, message);
    return record;
  }

  /** The parts to make a change of a document with, or to create one: nobody waits for all entries where its own tell enough. @throws CoreError CLOSED */
  async #partsFor(id: DocId | null): Promise<DatabaseParts> {
    const early = this.#early === null ? null : await earlyParts(this.#open(), this.#early, id);
    return early ?? (await this.#loaded());
  }

  /** What is shown until then; nothing once that has failed. @throws CoreError CLOSED */
  get #early(): EarlyDocuments | null {
    const { loading, early } = this.#open();
    return loading.isDone || loading.hasFailed ? null : early;
  }

  /** @throws CoreError CLOSED */
  async #loaded(): Promise<DatabaseParts> {
    await this.#open().loading.whole();
    return this.#open();
  }

  async *#onceLoaded<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
    await this.#loaded();
    yield* items;
  }

  #open(): DatabaseParts {
    if (this.#opened.closed !== null) throw new CoreError("CLOSED", "the database is closed");
    return this.#opened.parts;
  }
}

/** A document of which nothing counts: what this device makes anew of it may be about to. @throws CoreError DOC_NOT_FOUND | DOC_PURGED | CLOSED */
async function onceMadeAnew({ documents, writes }: DatabaseParts, id: DocId): Promise<DocumentRecord> {
  await writes.enter();
  writes.leave();
  return documents.require(id);
}
