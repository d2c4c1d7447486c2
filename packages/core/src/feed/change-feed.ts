import type { ChangeSources } from "../database/change-sources.ts";
import type { HistoryItem } from "../database/history.ts";
import type { Doc } from "../document/doc-handle.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Cursor } from "./cursor.ts";
import { DocumentNoter, type DocumentNoterContext } from "./document-notes.ts";
import { Feed, type FeedContext, type Waiting } from "./feed.ts";
import type { FeedItem, RevisionItem, RevisionOptions } from "./feed-item.ts";
import type { Stamped } from "./index-codec.ts";
import { hashIn, type RevisionNote, RevisionNoter, revisionId } from "./revision-notes.ts";
import type { DocumentNote } from "./sight.ts";
import type { StampedIndex } from "./stamped-index.ts";

/** Revisions whose history is read at a time. */
const BATCH = 10_000;

export interface ChangeFeedContext
  extends DocumentNoterContext,
    Pick<
      FeedContext<DocumentNote, FeedItem<object>>,
      "database" | "store" | "local" | "random" | "events" | "platform" | "marks"
    > {
  readonly shelf: Shelf;
  readonly sources: Pick<ChangeSources, "historyOf">;
}

/** The changed documents of a database, or its changes one by one. */
export class ChangeFeed {
  readonly #at: ChangeFeedContext;
  readonly #documents: Feed<DocumentNote, FeedItem<object>>;
  readonly #revisions: Feed<RevisionNote, RevisionItem<object>>;

  constructor(at: ChangeFeedContext) {
    this.#at = at;
    this.#documents = new Feed({
      ...at,
      kind: "documents",
      noter: new DocumentNoter(at),
      documentOf: ({ id }) => id,
      reader:
        () =>
        async ({ id, state }) => ({ type: state, doc: await this.#docOf(id) }),
    });
    this.#revisions = new Feed({
      ...at,
      kind: "revisions",
      marks: null, // what a document's changes are is looked at in each
      noter: new RevisionNoter(at.documents),
      documentOf: ({ document }) => document,
      reader: () => this.#revisionReader(),
    });
  }

  /** The directory or the keys changed. */
  look(): void {
    this.#documents.wake();
  }

  documents(cursor: string | null, options: Waiting): AsyncIterable<FeedItem<object>> {
    return this.#documents.since(cursor, options);
  }

  /** Cursors that were not lasting last from now on. */
  keep(): Promise<void> {
    return this.#documents.keep();
  }

  /** The documents that are shown, and from where to go on. @throws the signal's reason */
  async shown(options: Omit<Waiting, "live">): Promise<{ readonly ids: readonly DocId[]; readonly cursor: Cursor }> {
    const { notes, cursor } = await this.#documents.noted(options);
    const ids: DocId[] = [];
    for (const { id, state } of notes) if (state === "changed" || state === "revealed") ids.push(id);
    return { ids, cursor };
  }

  revisions(cursor: string | null, options: RevisionOptions): AsyncIterable<RevisionItem<object>> {
    return this.#revisions.since(cursor, options);
  }

  /** Says how far documents are noted, where that can be said: whoever opens the database next need not look at all of them. */
  mark(): Promise<void> {
    return this.#documents.mark();
  }

  async close(): Promise<void> {
    await this.#documents.close();
    await this.#revisions.close();
  }

  /** Of one that was there and is not known any more there is nothing to be seen. */
  #docOf(id: DocId): Promise<Doc<object>> {
    const { documents, shelf } = this.#at;
    return shelf.handle(documents.ensure(placeOf(id)));
  }

  /** Reads the chains for many revisions at a time: they are long. */
  #revisionReader(): ReturnType<FeedContext<RevisionNote, RevisionItem<object>>["reader"]> {
    let history: ReadonlyMap<string, HistoryItem> = new Map();
    return async (row, index) => {
      if (!row.counts) return null;
      if (!history.has(row.id)) history = await this.#historyFrom(row, index);
      const revision = history.get(row.id);
      if (revision === undefined) return null; // it counts no more: that is news
      const type = revision.kind === "delete" ? "deleted" : "changed";
      return { type, doc: await this.#docOf(row.document), revision };
    };
  }

  /** Of this revision and of those that follow, by revision. */
  async #historyFrom(
    first: Stamped<RevisionNote>,
    index: StampedIndex<RevisionNote>,
  ): Promise<ReadonlyMap<string, HistoryItem>> {
    const due = new Map<DocId, Set<string>>();
    let row: Stamped<RevisionNote> | undefined = first;
    for (let left = BATCH; left > 0 && row !== undefined; left--) {
      due.set(row.document, (due.get(row.document) ?? new Set<string>()).add(hashIn(row)));
      row = index.after(row.stamp);
    }
    const items = await this.#at.sources.historyOf(due);
    return new Map(items.map(([document, item]) => [revisionId(document, item.heads.join("")), item]));
  }
}
