import { equalize } from "../automerge/equalize.ts";
import type { Patch } from "../automerge/patch.ts";
import { type Doc, idOf } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import { unlessAborted, type WaitOptions } from "../unless-aborted.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { editDocument } from "./edit-document.ts";
import type { ChangeOptions, History, HistoryItem, PastDoc, When } from "./history.ts";
import { bytesOf, type HistoryGround, HistoryReader, pastAutomerge } from "./history-reader.ts";
import type { SchemaCheck } from "./schema-check.ts";

/** The one implementation of `History`. */
export class DatabaseHistory<T extends object> implements History<T> {
  /** @throws CoreError CLOSED */
  readonly #open: () => DatabaseParts;
  readonly #check: Pick<SchemaCheck<T>, "changed">;
  readonly #reader: HistoryReader<T>;

  constructor(open: () => DatabaseParts, check: Pick<SchemaCheck<T>, "changed">) {
    this.#open = open;
    this.#check = check;
    this.#reader = new HistoryReader(() => groundOf(open()));
  }

  async *changes(id: DocId, options: WaitOptions = {}): AsyncIterable<HistoryItem> {
    await this.#loaded(options);
    yield* this.#reader.changes(id, options);
  }

  async getDocumentAt(id: DocId, when: When, options: WaitOptions = {}): Promise<PastDoc<T> | undefined> {
    await this.#loaded(options);
    return this.#reader.getDocumentAt(id, when, options);
  }

  async getAllDocumentIdsAt(when: When, options: WaitOptions = {}): Promise<readonly DocId[]> {
    await this.#loaded(options);
    return this.#reader.getAllDocumentIdsAt(when, options);
  }

  async diff(id: DocId, a: When, b: When, options: WaitOptions = {}): Promise<readonly Patch[]> {
    await this.#loaded(options);
    return this.#reader.diff(id, a, b, options);
  }

  async restore(doc: Doc<T> | DocId, when: When, { message }: ChangeOptions = {}): Promise<Doc<T>> {
    await this.#loaded({});
    const id = idOf(doc);
    const parts = this.#open();
    const { documents, events, shelf } = parts;
    const past = await this.#reader.pastOf(id, when);
    if (past.changes.length === 0 || past.deleted)
      throw new CoreError("DOC_NOT_FOUND", "the document was deleted, or not there, at that moment");
    const then = (await pastAutomerge(parts)).pastMarkedData(bytesOf(past.changes));
    this.#check.changed(then.data);
    const record = documents.require(id);
    await editDocument(parts, record, "undelete", message);
    events.emit("change", { id });
    await editDocument(parts, record, (data, text) => equalize({ data, text }, then), message);
    events.emit("change", { id });
    return (await shelf.handle(record)) as unknown as Doc<T>;
  }

  /** What was before follows from all entries. */
  async #loaded({ signal }: WaitOptions): Promise<void> {
    const { loading } = this.#open();
    if (!loading.isDone) await unlessAborted(loading.whole(), signal);
  }
}

/** The documents of a database as it is. */
export function groundOf({ platform, shelf, sources, documents }: DatabaseParts): HistoryGround {
  return {
    ...{ platform, shelf, sources },
    require: (id) => documents.require(id),
    all: () => documents.all(),
  };
}
