// The change feed of a database of which only the headers of entries are kept: what is due is read in batches.
import { toHex } from "@selkie/entry";
import type { PastDoc } from "../database/history.ts";
import { type DocId, placeOf } from "../document/doc-id.ts";
import { CoreError } from "../errors.ts";
import { documentRows } from "../feed/document-notes.ts";
import { Feed, type FeedContext } from "../feed/feed.ts";
import type { FeedItem, FeedItemType, FeedOptions } from "../feed/feed-item.ts";
import type { Stamped } from "../feed/index-codec.ts";
import type { Noter } from "../feed/noted-changes.ts";
import type { DocumentNote } from "../feed/sight.ts";
import type { StampedIndex } from "../feed/stamped-index.ts";
import { unlessAborted } from "../unless-aborted.ts";
import type { RemoteIndex } from "./remote-index.ts";

/** Documents that are read at a time. */
const BATCH = 64;

/** A document as it was read. */
export interface ReadDoc {
  readonly doc: PastDoc<object>;
  /** Whether something of it counts, and it is not deleted. */
  readonly isThere: boolean;
}

type Item = FeedItem<object, PastDoc<object>>;

export interface RemoteFeedContext
  extends Pick<FeedContext<DocumentNote, Item>, "database" | "store" | "local" | "random" | "events" | "platform"> {
  readonly index: RemoteIndex;
  readonly ring: { confirmed(): readonly { readonly keyId: Uint8Array }[] };
  isPurged(name: DocId): boolean;
  /** As the directory says now; null for a device that is out. */
  isEntitled(keyId: Uint8Array): boolean | null;
  /** What the directory says: another object where it says something else. */
  view(): object;
  /** @throws CoreError REPLICA_OFFLINE | PART_MISSING */
  read(names: readonly DocId[]): Promise<ReadonlyMap<DocId, ReadDoc>>;
}

/** The documents that changed since a cursor. */
export class RemoteFeed {
  readonly #at: RemoteFeedContext;
  readonly #feed: Feed<DocumentNote, Item>;
  #news = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(at: RemoteFeedContext) {
    this.#at = at;
    this.#feed = new Feed({
      ...at,
      kind: "documents",
      marks: null,
      noter: new RemoteNoter(at),
      documentOf: ({ id }) => id,
      reader: () => this.#reader(),
    });
  }

  /** The directory or the keys changed, or somebody else is connected. */
  look(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
    this.#feed.wake();
  }

  /** Who follows waits while nobody is connected who could give what is due. */
  since(cursor: string | null, options: FeedOptions): AsyncIterable<Item> {
    return options.live === true ? this.#following(cursor, options) : this.#feed.since(cursor, options);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#news.resolve();
    await this.#feed.close();
  }

  #following(from: string | null, options: FeedOptions): AsyncIterable<Item> {
    let [items, isGone]: [AsyncIterator<Item> | null, boolean] = [null, false];
    const next = async (cursor: string | null): Promise<IteratorResult<Item>> => {
      while (!this.#isClosed && !isGone) {
        const { promise } = this.#news;
        items ??= this.#feed.since(cursor, options)[Symbol.asyncIterator]();
        try {
          return await items.next();
        } catch (error) {
          items = null;
          if (!(error instanceof CoreError) || error.code !== "REPLICA_OFFLINE") throw error;
        }
        await unlessAborted(promise, options.signal);
      }
      return { done: true, value: undefined };
    };
    let cursor = from;
    const iterator: AsyncIterator<Item> = {
      next: async () => {
        const result = await next(cursor);
        if (result.done !== true) ({ cursor } = result.value);
        return result;
      },
      return: async () => {
        isGone = true;
        await items?.return?.();
        return { done: true, value: undefined };
      },
    };
    return { [Symbol.asyncIterator]: () => iterator };
  }

  /** What was read ahead counts as long as the same parts do. */
  #reader(): ReturnType<FeedContext<DocumentNote, Item>["reader"]> {
    const ahead = new Map<DocId, ReadDoc & { readonly digest: string }>();
    return async (row, index) => {
      const { id, state } = row;
      const digest = this.#at.index.digestOf(id);
      if (ahead.get(id)?.digest !== digest) {
        ahead.clear();
        const due = dueFrom(row, index);
        const digests = new Map(due.map((name) => [name, this.#at.index.digestOf(name)]));
        for (const [name, read] of await this.#at.read(due))
          ahead.set(name, { ...read, digest: digests.get(name) ?? "" });
      }
      const read = ahead.get(id);
      ahead.delete(id);
      if (read === undefined) return null;
      const type: FeedItemType = state !== "changed" && state !== "revealed" ? state : read.isThere ? state : "deleted";
      return { type, doc: read.doc };
    };
  }
}

/** This document, and those that are due next. */
function dueFrom(first: Stamped<DocumentNote>, index: StampedIndex<DocumentNote>): readonly DocId[] {
  const due: DocId[] = [];
  for (let row: Stamped<DocumentNote> | undefined = first; row !== undefined && due.length < BATCH; ) {
    due.push(row.id);
    row = index.after(row.stamp);
  }
  return due;
}

/** Notes which parts of each document may count: where these are the same, so is the document. */
class RemoteNoter implements Noter<DocumentNote> {
  readonly format: Noter<DocumentNote>["format"] = documentRows;
  readonly #at: RemoteFeedContext;
  #view: object | null = null;

  constructor(at: RemoteFeedContext) {
    this.#at = at;
  }

  isMoved(): boolean {
    return this.#at.view() !== this.#view;
  }

  keys(): Iterable<string> {
    return this.#at.ring.confirmed().map(({ keyId }) => toHex(keyId));
  }

  settle(): void {
    this.#view = this.#at.view();
  }

  notes(
    index: StampedIndex<DocumentNote>,
    changed: ReadonlySet<DocId>,
    others: ReadonlySet<DocId> | null,
  ): readonly DocumentNote[] {
    const ids = new Set([...changed, ...(others ?? [])]);
    if (others === null || this.isMoved()) for (const name of this.#at.index.names()) ids.add(name);
    if (others === null || this.isMoved()) for (const { id } of index.all()) ids.add(id);
    this.settle();
    return [...ids].flatMap((id) => {
      const row = index.get(id);
      if (row === undefined && !this.#at.index.has(id)) return [];
      const note = { id, digest: this.#at.index.digestOf(id), state: this.#stateOf(id, row?.state, index) };
      const isSame = row?.digest === note.digest && (row.state === note.state || isShown(row.state, note.state));
      return isSame && !changed.has(id) ? [] : [note];
    });
  }

  #stateOf(
    id: DocId,
    before: DocumentNote["state"] | undefined,
    index: StampedIndex<DocumentNote>,
  ): DocumentNote["state"] {
    if (this.#at.isPurged(id)) return "purged";
    const { keyId } = placeOf(id);
    const isEntitled = this.#at.isEntitled(keyId);
    if (isEntitled === false || (isEntitled === null && before === "hidden")) return "hidden";
    const isOfNewKey = before === undefined && index.keys.size > 0 && !index.keys.has(toHex(keyId));
    return before === "hidden" || isOfNewKey ? "revealed" : "changed";
  }
}

/** What was revealed is shown like anything else from then on. */
function isShown(before: DocumentNote["state"], now: DocumentNote["state"]): boolean {
  const shown: readonly DocumentNote["state"][] = ["changed", "revealed", "deleted"];
  return shown.includes(before) && now === "changed";
}
