// Who reads a change feed as an app does: it keeps what was delivered, and the cursor beside it.
import { followChanges, keepCursors } from "../../src/database/follow-changes.ts";
import type { PastDoc } from "../../src/database/history.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import type { FeedItem, RevisionItem } from "../../src/feed/feed-item.ts";
import type { Device } from "../database/lab.ts";

/** Everything sealed by one device comes to another. */
export async function pass(from: Device, to: Device): Promise<void> {
  await to.receive(...(await from.runs()));
}

export function drain(device: Device, cursor: string | null | undefined): Promise<readonly FeedItem<object>[]> {
  return Array.fromAsync(device.database.iterateChangesSince(cursor ?? null));
}

/** What the database shows: a text for each document that is not deleted. */
export async function shownBy({ database }: Device): Promise<ReadonlyMap<DocId, string>> {
  const ids = await database.getAllDocumentIds();
  const docs = await Promise.all(ids.toSorted().map((id) => database.getDocument(id)));
  return new Map(docs.map((doc) => [doc.id, stateOf(doc)]));
}

export class Follower {
  /** Of documents that are there. */
  readonly #state = new Map<DocId, string>();
  cursor: string | null = null;

  get state(): ReadonlyMap<DocId, string> {
    return new Map([...this.#state].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Another who has read as far. */
  copy(): Follower {
    const copy = new Follower();
    for (const [id, state] of this.#state) copy.#state.set(id, state);
    copy.cursor = this.cursor;
    return copy;
  }

  /** @param most items to read; a reader that stops goes on later */
  async read({ database }: Device, most = Number.POSITIVE_INFINITY): Promise<number> {
    let read = 0;
    for await (const item of database.iterateChangesSince(this.cursor)) {
      this.take(item);
      if (++read >= most) break;
    }
    return read;
  }

  take({ type, doc, cursor }: FeedItem<object, PastDoc<object>>): void {
    if (type === "deleted") this.#state.delete(doc.id);
    else this.#state.set(doc.id, stateOf(doc));
    this.cursor = cursor;
  }
}

const stateOf = (doc: PastDoc<object>): string =>
  `${[...doc.getHeads()].sort().join(" ")} ${JSON.stringify(doc.getData())}`;

/** Who follows a database in memory, and keeps how far it came now and then: what it did not keep a crash takes. */
export class Watcher {
  #kept = new Follower();
  #now = new Follower();

  get state(): ReadonlyMap<DocId, string> {
    return this.#now.state;
  }

  async read({ database }: Device): Promise<void> {
    for await (const item of followChanges(database, this.#now.cursor)) this.#now.take(item);
  }

  async keep({ database }: Device): Promise<void> {
    await keepCursors(database);
    this.#kept = this.#now.copy();
  }

  crash(): void {
    this.#now = this.#kept.copy();
  }
}

/** Who reads each change, and knows those that were delivered. */
export class Chronicler {
  /** By document, the hashes of its changes. */
  readonly #seen = new Map<DocId, Set<string>>();
  cursor: string | null = null;

  async read({ database }: Device, most = Number.POSITIVE_INFINITY): Promise<readonly RevisionItem<object>[]> {
    const items: RevisionItem<object>[] = [];
    for await (const item of database.iterateChangesSince(this.cursor, { revisions: true })) {
      this.cursor = item.cursor;
      const [hash = ""] = item.revision.heads;
      this.#seen.set(item.doc.id, (this.#seen.get(item.doc.id) ?? new Set()).add(hash));
      items.push(item);
      if (items.length >= most) break;
    }
    return items;
  }

  /** What counts in the database and did not come. */
  async missing({ database }: Device, ids: readonly DocId[]): Promise<readonly string[]> {
    const missing: string[] = [];
    for (const id of ids)
      for await (const { heads } of database.history.changes(id))
        for (const hash of heads) if (this.#seen.get(id)?.has(hash) !== true) missing.push(`${id} ${hash}`);
    return missing;
  }
}
