import type { DatabaseId } from "@selkie/entry";
import { AT_ONCE, giveWay } from "../give-way.ts";
import { unlessAborted } from "../unless-aborted.ts";
import { type Cursor, type CursorKind, encodeCursor, parseCursor } from "./cursor.ts";
import type { FeedOptions } from "./feed-item.ts";
import type { Stamped } from "./index-codec.ts";
import { NotedChanges, type NotedChangesContext } from "./noted-changes.ts";
import type { StampedIndex } from "./stamped-index.ts";

/** Something with the cursor to go on from. */
interface WithCursor {
  readonly cursor: Cursor;
}

export interface FeedContext<Note extends { readonly id: string }, Item extends WithCursor>
  extends Omit<NotedChangesContext<Note>, "announced" | "moved"> {
  readonly kind: CursorKind;
  readonly database: DatabaseId;
  /** For one reader: gives what is delivered of a row, without its cursor; null when nothing is. */
  reader(): (row: Stamped<Note>, index: StampedIndex<Note>) => Promise<Omit<Item, "cursor"> | null>;
}

/** Whether a reader waits for more, and for how long. */
export interface Waiting extends Pick<FeedOptions, "live" | "signal"> {
  /** Whether its cursors outlive the open database; else they may be kept after `keep`. */
  readonly isLasting?: boolean;
}

/** How far one reader is. */
interface Reading<Note extends { readonly id: string }> {
  readonly isLasting: boolean;
  index: StampedIndex<Note>;
  /** Of the row delivered last. */
  stamp: number;
  /** The last stamp that is due; infinite for who waits for more. */
  end: number;
  /** What was due was noted again, with a later stamp, before it was delivered. */
  isBehind: boolean;
}

/**
 * An index in the order of its stamps, for any number of readers, each at its own pace.
 *
 * INVARIANT: what is delivered with a cursor that lasts is durable in the index, and what was announced since it was noted is noted again first: a
 * document that moves on in a reader's hands comes once more. Test: change-feed.test.ts.
 */
export class Feed<Note extends { readonly id: string }, Item extends WithCursor> {
  readonly #at: FeedContext<Note, Item>;
  readonly #noted: NotedChanges<Note>;
  readonly #readings = new Set<Reading<Note>>();
  #news = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(at: FeedContext<Note, Item>) {
    this.#at = at;
    this.#noted = new NotedChanges({
      ...at,
      announced: () => this.wake(),
      moved: (stamps) => this.#moved(stamps),
    });
  }

  /** There may be news. */
  wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Ends with what had changed when it was called, unless it is live. @throws CoreError CURSOR_INVALID */
  since(cursor: string | null, options: Waiting): AsyncIterable<Item> {
    const reader = { isGone: false };
    const items = this.#items(cursor, options, reader);
    const end = items.return.bind(items);
    // A generator that waits would end after the next change.
    items.return = (value) => {
      reader.isGone = true;
      this.wake();
      return end(value);
    };
    return items;
  }

  async *#items(
    cursor: string | null,
    { live = false, signal, isLasting = true }: Waiting,
    reader: { readonly isGone: boolean },
  ): AsyncGenerator<Item, void> {
    const { database, kind, documentOf } = this.#at;
    const place = cursor === null ? null : parseCursor(database, kind, cursor);
    if (this.#isClosed) return;
    const index = await unlessAborted(this.#noted.refreshed(place, isLasting), signal);
    const stamp = place === null ? 0 : index.stampOf(place);
    const end = live ? Number.POSITIVE_INFINITY : index.newest;
    const reading = { index, isLasting, stamp, end, isBehind: false };
    let isExtended = false;
    let given = 0;
    const read = this.#at.reader();
    this.#readings.add(reading);
    try {
      while (!this.#isClosed && !reader.isGone) {
        signal?.throwIfAborted();
        const row = reading.index.after(reading.stamp);
        if (row !== undefined && row.stamp <= reading.end && !this.#noted.hasNews(documentOf(row))) {
          reading.stamp = row.stamp;
          const item = await read(row, reading.index);
          if (item === null) continue;
          const next = encodeCursor(database, kind, reading.index.placeOf(row.stamp));
          yield { ...item, cursor: next } as Item;
          given += 1;
          // What was given to nobody's keeping is freed only when others had their turn.
          if (given % AT_ONCE === 0) await giveWay(this.#at.platform);
        } else if (row === undefined || row.stamp > reading.end) {
          // Once: what moves again and again comes with the next call, as an end would never be reached.
          if (!live && (isExtended || !reading.isBehind)) return;
          const isIdle = !this.#noted.hasNews() && this.#noted.isNow(reading.index);
          if (live && isIdle) await unlessAborted(this.#news.promise, signal);
          await this.#refresh(reading, signal);
          if (!live) reading.end = reading.index.newest;
          isExtended = true;
        } else await this.#refresh(reading, signal);
      }
    } finally {
      this.#readings.delete(reading);
    }
  }

  /** All that is noted, and the cursor behind it. @throws the signal's reason */
  async noted({
    signal,
    isLasting = true,
  }: Omit<Waiting, "live">): Promise<{ readonly notes: Iterable<Note>; readonly cursor: Cursor }> {
    const { database, kind } = this.#at;
    const { index, place } = await unlessAborted(this.#noted.noted(isLasting), signal);
    return { notes: index.all(), cursor: encodeCursor(database, kind, place) };
  }

  /** What was delivered to who said that it would not last lasts from now on. */
  async keep(): Promise<void> {
    await this.#noted.keep();
  }

  /** Says how far it goes, where that can be said: whoever opens the database next need not look at all documents. */
  mark(): Promise<void> {
    return this.#noted.mark();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.wake();
    await this.#noted.close();
  }

  async #refresh(reading: Reading<Note>, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed) return;
    const place = reading.index.placeOf(reading.stamp);
    const index = await unlessAborted(this.#noted.refreshed(place, reading.isLasting), signal);
    // After a disk has failed it is another, which may know less.
    if (index !== reading.index) Object.assign(reading, { index, stamp: index.stampOf(place) });
  }

  #moved(stamps: readonly number[]): void {
    for (const reading of this.#readings)
      reading.isBehind ||= stamps.some((stamp) => stamp > reading.stamp && stamp <= reading.end);
  }
}
