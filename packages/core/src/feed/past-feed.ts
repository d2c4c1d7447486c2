import { ByteWriter, type DatabaseId, fromHex, toHex } from "@selkie/entry";
import type { Sha256 } from "../automerge/change-chunk.ts";
import { type ChangeSources, historyItemOf } from "../database/change-sources.ts";
import type { PastDoc } from "../database/history.ts";
import type { PastRecord } from "../database/past.ts";
import type { DocId } from "../document/doc-id.ts";
import { type Cursor, type CursorKind, encodeCursor, parseCursor, stretchIdBytes } from "./cursor.ts";
import type { FeedItem, FeedOptions, RevisionItem, RevisionOptions } from "./feed-item.ts";
import { HeadsDigest } from "./heads-digest.ts";

/** Changes whose history is read at a time: that reads all chains. */
const BATCH = 10_000;

export interface PastFeedContext {
  readonly database: DatabaseId;
  readonly sha256: Sha256;
  readonly records: Iterable<PastRecord>;
  readonly sources: Pick<ChangeSources, "all">;
  /** Undefined for one that was purged meanwhile. @throws CoreError CLOSED */
  find(name: DocId): Promise<PastDoc<object> | undefined>;
}

/** The change feed of a database as it was: document by document, in the order of their ids. */
export class PastFeed {
  readonly #at: PastFeedContext;
  readonly #records: readonly PastRecord[];
  /** Of what every document was: a cursor of something else begins anew. */
  readonly #stretch: string;

  constructor(at: PastFeedContext) {
    this.#at = at;
    this.#records = [...at.records].sort((one, other) => (one.name < other.name ? -1 : 1));
    const digests = new HeadsDigest(at.sha256);
    const all = new ByteWriter();
    for (const { name, changes, deleted } of this.#records)
      all
        .bytes(fromHex(name))
        .bytes(fromHex(digests.of(changes)))
        .u8(deleted ? 1 : 0);
    this.#stretch = toHex(at.sha256(all.finish()).subarray(0, stretchIdBytes));
  }

  async *documents(cursor: string | null, { signal }: FeedOptions): AsyncIterable<FeedItem<object, PastDoc<object>>> {
    const done = this.#placeOf("pastDocuments", cursor);
    for (const [at, { name, deleted }] of this.#records.entries()) {
      if (at < done) continue;
      signal?.throwIfAborted();
      const doc = await this.#at.find(name);
      if (doc === undefined) continue;
      yield { type: deleted ? "deleted" : "changed", doc, cursor: this.#cursorOf("pastDocuments", at + 1) };
    }
  }

  async *revisions(
    cursor: string | null,
    { signal }: RevisionOptions,
  ): AsyncIterable<RevisionItem<object, PastDoc<object>>> {
    const { sources, find } = this.#at;
    let done = this.#placeOf("pastRevisions", cursor);
    for (const batch of batches(this.#records.slice(done)))
      for await (const [{ name }, changes] of sources.all(batch)) {
        const doc = await find(name);
        if (doc === undefined) {
          done += 1;
          continue;
        }
        for (const [at, change] of changes.entries()) {
          signal?.throwIfAborted();
          const revision = historyItemOf(change);
          // Who stops within a document begins with it again: another run may read its changes in another order.
          if (at === changes.length - 1) done += 1;
          const type = revision.kind === "delete" ? "deleted" : "changed";
          yield { type, doc, revision, cursor: this.#cursorOf("pastRevisions", done) };
        }
      }
  }

  /** How many documents have been dealt with. @throws CoreError CURSOR_INVALID */
  #placeOf(kind: CursorKind, cursor: string | null): number {
    if (cursor === null) return 0;
    const { stretch, stamp } = parseCursor(this.#at.database, kind, cursor);
    return stretch === this.#stretch ? stamp : 0;
  }

  #cursorOf(kind: CursorKind, stamp: number): Cursor {
    return encodeCursor(this.#at.database, kind, { stretch: this.#stretch, newest: this.#records.length, stamp });
  }
}

function* batches(records: readonly PastRecord[]): Iterable<readonly PastRecord[]> {
  let [batch, changes]: [PastRecord[], number] = [[], 0];
  for (const record of records) {
    batch.push(record);
    changes += record.changes.length;
    if (changes < BATCH) continue;
    yield batch;
    [batch, changes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
