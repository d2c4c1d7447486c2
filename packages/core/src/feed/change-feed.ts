import { unlessAborted } from "../connection/unless-aborted.ts";
import { placeOf } from "../document/doc-id.ts";
import type { Shelf } from "../document/shelf.ts";
import { encodeCursor, parseCursor } from "./cursor.ts";
import type { DocumentIndex } from "./document-index.ts";
import { FedDocuments, type FedDocumentsContext } from "./fed-documents.ts";
import type { FeedItem, FeedOptions } from "./feed-item.ts";
import type { IndexRow } from "./index-codec.ts";

export interface ChangeFeedContext extends Omit<FedDocumentsContext, "announced" | "moved"> {
  readonly shelf: Shelf;
}

/** How far one reader is. */
interface Reading {
  index: DocumentIndex;
  /** Of the row delivered last. */
  stamp: number;
  /** The last stamp that is due; infinite for who waits for more. */
  end: number;
  /** What was due was noted again, with a later stamp, before it was delivered. */
  isBehind: boolean;
}

/**
 * The changed documents of a database, for any number of readers, each at its own pace.
 *
 * INVARIANT: what is delivered with a cursor is durable in the index, and what was announced since it was noted is noted again first: a
 * document that moves on in a reader's hands comes once more. Test: change-feed.test.ts.
 */
export class ChangeFeed {
  readonly #at: ChangeFeedContext;
  readonly #fed: FedDocuments;
  readonly #readings = new Set<Reading>();
  #news = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(at: ChangeFeedContext) {
    this.#at = at;
    this.#fed = new FedDocuments({
      ...at,
      announced: () => this.#wake(),
      moved: (stamps) => this.#moved(stamps),
    });
  }

  /** The directory or the keys changed. */
  look(): void {
    this.#wake();
  }

  /** Ends with what had changed when it was called, unless it is live. @throws CoreError CURSOR_INVALID */
  async *since(cursor: string | null, { live = false, signal }: FeedOptions): AsyncGenerator<FeedItem<object>> {
    const place = cursor === null ? null : parseCursor(this.#at.database, cursor);
    const index = await unlessAborted(this.#fed.refreshed(), signal);
    const stamp = place === null ? 0 : index.stampOf(place);
    const reading: Reading = { index, stamp, end: live ? Number.POSITIVE_INFINITY : index.newest, isBehind: false };
    this.#readings.add(reading);
    try {
      while (!this.#isClosed) {
        signal?.throwIfAborted();
        const row = reading.index.after(reading.stamp);
        if (row !== undefined && row.stamp <= reading.end && !this.#fed.hasNews(row.id)) {
          reading.stamp = row.stamp;
          yield await this.#itemOf(row, reading);
        } else if (row === undefined || row.stamp > reading.end) {
          if (!live && !reading.isBehind) return;
          if (live && !this.#fed.hasNews()) await unlessAborted(this.#news.promise, signal);
          await this.#refresh(reading, signal);
          Object.assign(reading, { end: live ? reading.end : reading.index.newest, isBehind: false });
        } else await this.#refresh(reading, signal);
      }
    } finally {
      this.#readings.delete(reading);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#fed.close();
  }

  async #refresh(reading: Reading, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed) return;
    const index = await unlessAborted(this.#fed.refreshed(), signal);
    // After a disk has failed it is another, which may know less.
    if (index !== reading.index)
      Object.assign(reading, { index, stamp: index.stampOf(reading.index.placeOf(reading.stamp)) });
  }

  async #itemOf({ id, state, stamp }: IndexRow, { index }: Reading): Promise<FeedItem<object>> {
    const { database, documents, shelf } = this.#at;
    // Of one that was there and is not known any more there is nothing to be seen.
    const record = documents.get(id) ?? documents.ensure(placeOf(id));
    return { type: state, doc: await shelf.handle(record), cursor: encodeCursor(database, index.placeOf(stamp)) };
  }

  #moved(stamps: readonly number[]): void {
    for (const reading of this.#readings)
      reading.isBehind ||= stamps.some((stamp) => stamp > reading.stamp && stamp <= reading.end);
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
