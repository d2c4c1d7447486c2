import type { Database, DocId, FeedItem } from "@selkie/core";

/** What an app shows that knows a database by its change feed alone. */
export class Follower<T extends object> {
  readonly shown: Map<DocId, string> = new Map();
  #cursor: string | null = null;

  async follow(database: Database<T>, show: (data: T) => string): Promise<void> {
    for await (const item of database.iterateChangesSince(this.#cursor)) {
      this.#take(item, show);
      this.#cursor = item.cursor;
    }
  }

  #take({ type, doc }: FeedItem<T>, show: (data: T) => string): void {
    const id = doc.getId();
    if (type === "purged" || type === "deleted") this.shown.set(id, type);
    else if (type === "hidden") this.shown.delete(id);
    else this.shown.set(id, show(doc.getData() as T));
  }
}
