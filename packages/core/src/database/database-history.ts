import { toHex } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { equalize } from "../automerge/equalize.ts";
import type { Patch } from "../automerge/patch.ts";
import { type Doc, DocHandle, NOTHING } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import { historyItemOf } from "./change-sources.ts";
import type { DatabaseParts } from "./database-parts.ts";
import { editDocument } from "./edit-document.ts";
import type { History, HistoryItem, PastDoc, When } from "./history.ts";
import { madeBy, type Past, pastWith, requireFound, timeOf, upTo } from "./past.ts";
import type { SchemaCheck } from "./schema-check.ts";

/** The one implementation of `History`. */
export class DatabaseHistory<T extends object> implements History<T> {
  /** @throws CoreError CLOSED */
  readonly #open: () => DatabaseParts;
  readonly #check: Pick<SchemaCheck<T>, "changed">;

  constructor(open: () => DatabaseParts, check: Pick<SchemaCheck<T>, "changed">) {
    this.#open = open;
    this.#check = check;
  }

  async *changes(id: DocId): AsyncIterable<HistoryItem> {
    for (const change of await this.#open().sources.of(this.#open().documents.require(id))) yield historyItemOf(change);
  }

  async getDocumentAt(id: DocId, when: When): Promise<PastDoc<T> | undefined> {
    const past = await this.#past(this.#open().documents.require(id), when);
    if (past.changes.length === 0) return undefined;
    const { platform } = this.#open();
    const data = past.deleted ? NOTHING : (await this.#automerge()).pastData(bytesOf(past.changes));
    const state = { data: () => data as T, deleted: past.deleted, heads: past.heads };
    return new DocHandle<T>(id, state, platform.report);
  }

  async getAllDocumentIdsAt(when: When): Promise<readonly DocId[]> {
    const { documents, sources } = this.#open();
    const ids: DocId[] = [];
    const take = (record: DocumentRecord, changes: readonly ChangeChunk[]): void => {
      if (changes.length > 0 && !pastWith(documents, record, changes).deleted) ids.push(record.name);
    };
    if (when instanceof Date) {
      const time = timeOf(when);
      for await (const [record, changes] of sources.all()) take(record, madeBy(changes, time));
    } else {
      const heads = new Set(when);
      for (const record of documents.all()) take(record, upTo(this.#parsed(record), heads));
      requireFound(heads);
    }
    return ids;
  }

  async diff(id: DocId, a: When, b: When): Promise<readonly Patch[]> {
    const record = this.#open().documents.require(id);
    const [before, after] = [await this.#past(record, a), await this.#past(record, b)];
    const all = new Map([...before.changes, ...after.changes].map((change) => [toHex(change.hash), change]));
    const { patchesBetween } = await this.#automerge();
    return patchesBetween(bytesOf([...all.values()]), shownHeads(before), shownHeads(after));
  }

  async restore(id: DocId, when: When): Promise<Doc<T>> {
    const parts = this.#open();
    const { documents, events, shelf } = parts;
    const past = await this.#past(documents.require(id), when);
    if (past.changes.length === 0 || past.deleted)
      throw new CoreError("DOC_NOT_FOUND", "the document was deleted, or not there, at that moment");
    const then = (await this.#automerge()).pastMarkedData(bytesOf(past.changes));
    this.#check.changed(then.data);
    const record = documents.require(id);
    await editDocument(parts, record, "undelete");
    await editDocument(parts, record, (data, text) => equalize({ data, text }, then));
    events.emit("change", { id });
    return (await shelf.handle(record)) as unknown as Doc<T>;
  }

  async #past(record: DocumentRecord, when: When): Promise<Past> {
    const { documents, sources } = this.#open();
    if (when instanceof Date) {
      const time = timeOf(when);
      return pastWith(documents, record, madeBy(await sources.of(record), time));
    }
    const heads = new Set(when);
    const changes = upTo(this.#parsed(record), heads);
    requireFound(heads);
    return pastWith(documents, record, changes);
  }

  #parsed({ changes }: DocumentRecord): readonly ChangeChunk[] {
    const { sha256 } = this.#open().documents;
    return changes.map((bytes) => parseChange(bytes, sha256));
  }

  async #automerge(): Promise<typeof import("../automerge/past-document.ts")> {
    await this.#open().shelf.automerge();
    return import("../automerge/past-document.ts");
  }
}

const bytesOf = (changes: readonly ChangeChunk[]): readonly Uint8Array[] => changes.map(({ bytes }) => bytes);

/** A deleted document shows nothing. */
const shownHeads = ({ deleted, heads }: Past): readonly string[] => (deleted ? [] : heads);
