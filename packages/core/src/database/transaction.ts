import { fromHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { guardMessage } from "../automerge/values.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import { type DocumentRecord, editsOf, newRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import { ENTRY_PARTS } from "../journal/fill-entries.ts";
import { docExists, firstChange, type NewDocument, stemOf } from "./create-document.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { beginEdit, type Edit, endOf, isDone } from "./edit-document.ts";
import { documentOf, place, type Staged } from "./place-transaction.ts";

/** A transaction that has its place in the journal. */
export interface Committed {
  readonly records: readonly DocumentRecord[];
  readonly durable: Promise<void>;
}

/**
 * Changes of several documents that nobody sees before all of them are made. They are made aside, and nothing waits for them; at the end
 * they are put into the documents in one tick, if those are still what the changes were made on.
 */
export class Transaction {
  readonly #parts: DatabaseParts;
  readonly #staged = new Map<DocId, Staged>();
  /** What is being done for it, by whoever its callback calls. */
  readonly #work = new Set<Promise<unknown>>();
  /** Under which all of it is made; null before anything is. */
  #writer: Promise<WriterKey> | null = null;
  #isOpen = true;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
  }

  /** @throws CoreError DOC_EXISTS | CHANGE_CLOSED */
  create({ data, key, name }: NewDocument): Promise<DocumentRecord> {
    return this.#run(async (writer) => {
      const { documents, chain } = this.#parts;
      const counter = name === null ? await chain.takeCounter() : null;
      const place = { stem: stemOf(this.#parts, writer, { counter, name }), keyId: key };
      const shadow = newRecord({ name: docIdOf(place), keyId: key });
      documents.requireAlive(shadow.name);
      const known = documents.get(shadow.name);
      if ((known?.changes.length ?? 0) > 0 || this.#staged.has(shadow.name)) throw docExists();
      // One of which nothing counts any more may have a handle: it goes on with that.
      const base = known === undefined ? null : { record: known, changes: [], lastSeq: 0 };
      const bytes = firstChange(documents, shadow, { writer, data });
      shadow.changes.push(bytes);
      this.#add({ shadow, base, counter, changes: [{ kind: "create", bytes }] });
      return known ?? shadow;
    });
  }

  /** @returns the document whose handle shows it. @throws CoreError DOC_NOT_FOUND | DOC_DELETED | CHANGE_CLOSED */
  edit(id: DocId, edit: Edit, message?: string): Promise<DocumentRecord> {
    if (message !== undefined) guardMessage(message);
    return this.#run(async (writer) => {
      const staged = this.#staged.get(id) ?? this.#stage(id, writer);
      const { shadow } = staged;
      await editsOf(shadow).run(() => this.#edit(staged, { edit, message, writer }));
      return documentOf(staged);
    });
  }

  /** Nothing more belongs to it. */
  async end(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work); // whoever began it has the rejection
    this.#isOpen = false;
  }

  /**
   * Puts all of it into the documents.
   * @returns the documents, and when it is durable; null when one of them has changed since: nothing is done
   * @throws CoreError TRANSACTION_TOO_LARGE | CHANGE_REFUSED | WRITE_NOT_ALLOWED | NOT_ENTITLED | CLOSED; nothing is done
   */
  async commit(): Promise<Committed | null> {
    const staged = [...this.#staged.values()].filter(({ changes }) => changes.length > 0);
    const records = staged.map(documentOf).sort((a, b) => (a.name < b.name ? -1 : 1));
    const [first, ...others] = records;
    const writer = first === undefined ? null : await this.#writer;
    if (first === undefined || writer === null) return { records, durable: Promise.resolve() };
    // It waits holding no document, as an edit of one may wait for an edit of another; and looks from the line of its first, so that of
    // transactions that look at once the one that looks farthest on finds nobody in its way.
    for (;;) {
      const placed = await editsOf(first).run(() => place(this.#parts, { writer, staged }, others));
      if (placed.type === "outdated") return null;
      if (placed.type === "placed") return { records, durable: placed.durable };
      await editsOf(placed.record).idle();
    }
  }

  /** Gives back what it took; of documents that it would have created nothing is there. */
  async drop(isCommitted: boolean): Promise<void> {
    const { shelf } = this.#parts;
    for (const { shadow, base } of this.#staged.values()) {
      if (base !== null) shelf.outdate(shadow);
      else if (!isCommitted) {
        shadow.deleted = true;
        await shelf.showAll([[shadow, "reset"]]);
        shelf.outdate(shadow);
      }
    }
  }

  /** All of it is made under one writer key. */
  #run<R>(work: (writer: WriterKey) => Promise<R>): Promise<R> {
    const going = this.#runNow(work);
    this.#work.add(going);
    const ended = (): void => void this.#work.delete(going);
    going.then(ended, ended);
    return going;
  }

  async #runNow<R>(work: (writer: WriterKey) => Promise<R>): Promise<R> {
    if (!this.#isOpen) throw new CoreError("CHANGE_CLOSED", "the transaction has ended");
    this.#parts.mayWrite();
    this.#writer ??= this.#begin();
    return work(await this.#writer);
  }

  async #begin(): Promise<WriterKey> {
    const { writes } = this.#parts;
    await writes.enter();
    try {
      return writes.writer ?? (await writes.begin());
    } finally {
      writes.leave();
    }
  }

  #stage(id: DocId, writer: WriterKey): Staged {
    const { documents } = this.#parts;
    const record = documents.require(id);
    const shadow = newRecord(record);
    shadow.changes = [...record.changes];
    shadow.deleted = record.deleted;
    const lastSeq = documents.histories.of(record).lastSeq(actorOf(documents.verifier, writer, fromHex(id), null));
    const staged: Staged = {
      shadow,
      base: { record, changes: [...record.changes], lastSeq },
      counter: null,
      changes: [],
    };
    this.#add(staged);
    return staged;
  }

  /** @throws CoreError TRANSACTION_TOO_LARGE */
  #add(staged: Staged): void {
    if (this.#staged.size === ENTRY_PARTS)
      throw new CoreError("TRANSACTION_TOO_LARGE", "more documents than an entry holds");
    this.#staged.set(staged.shadow.name, staged);
  }

  async #edit(
    { shadow, changes }: Staged,
    {
      edit,
      message,
      writer,
    }: { readonly edit: Edit; readonly message: string | undefined; readonly writer: WriterKey },
  ): Promise<void> {
    const { documents, shelf, writes } = this.#parts;
    if (isDone(shadow, edit)) return;
    writes.requireRight(shadow.keyId);
    const automerge = await shelf.automerge();
    const actor = actorOf(documents.verifier, writer, fromHex(shadow.name), null);
    const live = shelf.live(automerge, shadow);
    shadow.busy = true; // it stays loaded
    try {
      const made = beginEdit(automerge, live, edit, { actor, sha256: documents.sha256, message });
      if (made.result !== undefined) await endOf(automerge, live, made.result);
      automerge.endEdit(live);
      if (made.change === null) return;
      const kind = typeof edit === "string" ? edit : "change";
      changes.push({ kind, bytes: made.change });
      shadow.changes.push(made.change);
      shadow.deleted = kind === "delete";
      shelf.show(automerge, shadow);
    } catch (error) {
      await shelf.reload(shadow); // whoever goes on after it goes on without it
      throw error;
    } finally {
      shadow.busy = false;
    }
  }
}
