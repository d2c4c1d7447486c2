import { equalize } from "../automerge/equalize.ts";
import type { Patch } from "../automerge/patch.ts";
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { editDocument } from "./edit-document.ts";
import type { History, HistoryItem, PastDoc, When } from "./history.ts";
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

  changes(id: DocId): AsyncIterable<HistoryItem> {
    return this.#reader.changes(id);
  }

  getDocumentAt(id: DocId, when: When): Promise<PastDoc<T> | undefined> {
    return this.#reader.getDocumentAt(id, when);
  }

  getAllDocumentIdsAt(when: When): Promise<readonly DocId[]> {
    return this.#reader.getAllDocumentIdsAt(when);
  }

  diff(id: DocId, a: When, b: When): Promise<readonly Patch[]> {
    return this.#reader.diff(id, a, b);
  }

  async restore(id: DocId, when: When): Promise<Doc<T>> {
    const parts = this.#open();
    const { documents, events, shelf } = parts;
    const past = await this.#reader.pastOf(id, when);
    if (past.changes.length === 0 || past.deleted)
      throw new CoreError("DOC_NOT_FOUND", "the document was deleted, or not there, at that moment");
    const then = (await pastAutomerge(parts)).pastMarkedData(bytesOf(past.changes));
    this.#check.changed(then.data);
    const record = documents.require(id);
    await editDocument(parts, record, "undelete");
    await editDocument(parts, record, (data, text) => equalize({ data, text }, then));
    events.emit("change", { id });
    return (await shelf.handle(record)) as unknown as Doc<T>;
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
