import { equalBytes, toHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { guardMessage } from "../automerge/values.ts";
import type { DocId } from "../document/doc-id.ts";
import { type DocumentRecord, editsOf, newRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import { Serial } from "../serial.ts";
import { docExists, firstChange, type NewDocument, stemOf } from "./create-document.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { beginEdit, type Edit, endOf, isDone } from "./edit-document.ts";
import type { LocalChange } from "./local-writes.ts";

/** A document as a transaction has it. */
interface Staged {
  /** What nobody else sees; of a document that the transaction creates what becomes the document. */
  readonly shadow: DocumentRecord;
  /** The document that everybody sees, and what it was when the transaction came to it; null for a new one. */
  readonly base: {
    readonly record: DocumentRecord;
    readonly changes: readonly Uint8Array[];
    readonly lastSeq: number;
  } | null;
  /** The document's counter when it is created by one. */
  readonly counter: number | null;
  readonly changes: { readonly kind: ChangeKind; readonly bytes: Uint8Array }[];
}

/**
 * Changes of several documents that nobody sees before all of them are made. They are made aside, and nothing waits for them; at the end
 * they are put into the documents in one tick, if those are still what the changes were made on.
 */
export class Transaction {
  readonly #parts: DatabaseParts;
  readonly #staged = new Map<DocId, Staged>();
  readonly #work = new Serial();
  /** Under which all of it is made. */
  #writer: WriterKey | null = null;
  #isOpen = true;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
  }

  /** @throws CoreError DOC_EXISTS | CHANGE_CLOSED */
  create({ data, key, name }: NewDocument): Promise<DocumentRecord> {
    return this.#run(async (writer) => {
      const { documents, chain } = this.#parts;
      const counter = name === null ? await chain.takeCounter() : null;
      const shadow = newRecord({ stem: stemOf(this.#parts, writer, { counter, name }), keyId: key });
      const isThere = (documents.get(shadow.name)?.changes.length ?? 0) > 0;
      if (isThere || this.#staged.has(shadow.name)) throw docExists();
      const bytes = firstChange(documents, shadow, { writer, data });
      shadow.changes.push(bytes);
      this.#staged.set(shadow.name, { shadow, base: null, counter, changes: [{ kind: "create", bytes }] });
      return shadow;
    });
  }

  /** @returns the document whose handle shows it. @throws CoreError DOC_NOT_FOUND | DOC_DELETED | CHANGE_CLOSED */
  edit(id: DocId, edit: Edit, message?: string): Promise<DocumentRecord> {
    if (message !== undefined) guardMessage(message);
    return this.#run(async (writer) => {
      const staged = this.#staged.get(id) ?? this.#stage(id, writer);
      const { shadow } = staged;
      if (!isDone(shadow, edit)) await this.#edit(staged, { edit, message, writer });
      return staged.base?.record ?? shadow;
    });
  }

  /** Nothing more belongs to it. */
  async end(): Promise<void> {
    await this.#work.idle();
    this.#isOpen = false;
  }

  /**
   * Puts all of it into the documents, durable when it resolves.
   * @returns the documents; null when one of them is not what it was any more: nothing is done
   * @throws CoreError TRANSACTION_TOO_LARGE | CHANGE_REFUSED | WRITE_NOT_ALLOWED | NOT_ENTITLED; nothing is done
   */
  async commit(): Promise<readonly DocumentRecord[] | null> {
    const changed = [...this.#staged.values()].filter(({ changes }) => changes.length > 0);
    if (changed.length === 0) return [];
    // Always in one order: two transactions would wait for each other.
    const records = changed
      .map(({ base, shadow }) => base?.record ?? shadow)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const place = (): Promise<{ readonly durable: Promise<void> } | null> => this.#place(changed);
    const placed = await records.reduceRight((next, record) => () => editsOf(record).run(next), place)();
    if (placed === null) return null;
    await placed.durable;
    return records;
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

  /** One after the other, under one writer key. */
  #run<R>(work: (writer: WriterKey) => Promise<R>): Promise<R> {
    return this.#work.run(async () => {
      if (!this.#isOpen) throw new CoreError("CHANGE_CLOSED", "the transaction has ended");
      this.#parts.mayWrite();
      this.#writer ??= await this.#begin();
      return work(this.#writer);
    });
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
    const lastSeq = documents.histories.of(record).lastSeq(actorOf(documents.verifier, writer, record.id, null));
    const staged: Staged = {
      shadow,
      base: { record, changes: [...record.changes], lastSeq },
      counter: null,
      changes: [],
    };
    this.#staged.set(id, staged);
    return staged;
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
    writes.requireRight(shadow.keyId);
    const automerge = await shelf.automerge();
    const actor = actorOf(documents.verifier, writer, shadow.id, null);
    const live = shelf.live(automerge, shadow);
    shadow.busy = true; // it stays loaded
    try {
      const made = beginEdit(automerge, live, { actor, edit, message });
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

  /** With all of its documents locked, up to its place in the journal. */
  async #place(changed: readonly Staged[]): Promise<{ readonly durable: Promise<void> } | null> {
    const { writes, shelf } = this.#parts;
    await writes.enter();
    try {
      // INVARIANT: nothing is awaited before all of it has its place in the journal. Test: transactions.test.ts.
      this.#parts.mayWrite();
      if (!changed.every((staged) => this.#isAsItWas(staged))) return null;
      const locals = this.#take(changed);
      const durable = this.#journal(changed, locals);
      const seen = changed.flatMap(({ base }) => (base === null ? [] : [base.record]));
      await shelf.showAll(seen.map((record) => [record, changesOf(locals, record).map(({ bytes }) => bytes)]));
      return { durable };
    } finally {
      writes.leave();
    }
  }

  /** Others' changes may have come; this device's own, or changes that are gone, are another ground than that of the transaction. */
  #isAsItWas({ shadow, base }: Staged): boolean {
    const { documents, writes } = this.#parts;
    const writer = this.#writer;
    if (writer === null || writes.writer === null || !equalBytes(writes.writer, writer)) return false;
    if (base === null) return (documents.get(shadow.name)?.changes.length ?? 0) === 0;
    const { record, changes, lastSeq } = base;
    const actor = actorOf(documents.verifier, writer, record.id, null);
    return (
      documents.get(record.name) === record &&
      !record.deleted &&
      changes.every((change, at) => record.changes[at] === change) &&
      documents.histories.of(record).lastSeq(actor) === lastSeq
    );
  }

  /** Puts it all through the gate, and into the documents; or nothing. */
  #take(changed: readonly Staged[]): readonly LocalChange[] {
    const { documents, ownChanges, writes } = this.#parts;
    const locals: LocalChange[] = [];
    try {
      for (const { shadow, base, counter, changes } of changed) {
        const record = base?.record ?? shadow;
        const writer = this.#writer;
        if (writer === null) throw new RangeError("what is staged has a writer");
        writes.requireRight(record.keyId);
        if (base === null) {
          shadow.changes = [];
          documents.take(shadow);
        }
        for (const { kind, bytes } of changes) {
          const chunk = ownChanges.take(record, writer, kind, bytes);
          locals.push({ writer, record, kind, counter: kind === "create" ? counter : null, bytes, chunk });
        }
      }
      return locals;
    } catch (error) {
      this.#takeBack(changed, locals);
      throw error;
    }
  }

  #journal(changed: readonly Staged[], locals: readonly LocalChange[]): Promise<void> {
    try {
      return this.#parts.writes.journalTogether(locals);
    } catch (error) {
      this.#takeBack(changed, locals);
      throw error;
    }
  }

  #takeBack(changed: readonly Staged[], locals: readonly LocalChange[]): void {
    const { documents } = this.#parts;
    for (const { base, shadow } of changed) {
      const record = base?.record ?? shadow;
      documents.withdraw(record, new Set(changesOf(locals, record).map(({ hash }) => toHex(hash))));
      if (base === null) documents.forget(record);
    }
  }
}

function changesOf(locals: readonly LocalChange[], of: DocumentRecord): readonly ChangeChunk[] {
  return locals.flatMap(({ record, chunk }) => (record === of && chunk !== undefined ? [chunk] : []));
}
