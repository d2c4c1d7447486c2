import type { FeedItem, PastDatabase, PastDoc } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { Entry } from "./entry.ts";
import type { Failures } from "./failures.ts";
import { entriesOf, type ViewPlan } from "./map-document.ts";
import { type Moved, SourceIndex } from "./source-index.ts";

/** A database that a view can be made of, as it is or as it was. */
export type ViewSource<T extends object> = Pick<PastDatabase<T>, "name" | "tenant" | "iterateChangesSince">;

export interface FollowContext {
  readonly plan: ViewPlan;
  readonly failures: Failures;
}

/** One database of a view, and its index, which follows it. */
export class FollowedDatabase<T extends object> {
  readonly index: SourceIndex;
  readonly place: Omit<Origin, "id">;
  readonly #database: ViewSource<T>;
  readonly #at: FollowContext;
  #isFilled = false;
  /** Up to where the index has it; null before there is anything. */
  #cursor: string | null = null;

  constructor(database: ViewSource<T>, at: FollowContext) {
    this.#database = database;
    this.#at = at;
    this.index = new SourceIndex(at.plan.columns);
    this.place = { tenant: database.tenant.id, database: database.name };
  }

  /** Takes what has changed. @returns what moved in the index, each document once; nothing when it was filled for the first time */
  async follow(signal: AbortSignal): Promise<readonly Moved[]> {
    if (!this.#isFilled) {
      await this.#fill(signal);
      return [];
    }
    const moved = new Map<string, Moved>();
    for await (const { doc, cursor, type } of this.#database.iterateChangesSince(this.#cursor, { signal })) {
      const { gone, come } = await this.index.move(doc.id, this.#entriesOf({ type, doc }));
      moved.set(doc.id, { gone: moved.get(doc.id)?.gone ?? gone, come });
      this.#cursor = cursor;
    }
    return [...moved.values()];
  }

  /** Calls back whenever something has changed, until the signal ends it; a database as it was never changes. */
  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    for await (const _ of this.#database.iterateChangesSince(this.#cursor, { live: true, signal })) changed();
  }

  async #fill(signal: AbortSignal): Promise<void> {
    const documents = new Map<string, readonly Entry[]>();
    for await (const { doc, cursor, type } of this.#database.iterateChangesSince(null, { signal })) {
      documents.set(doc.id, this.#entriesOf({ type, doc }));
      this.#cursor = cursor;
    }
    this.index.fill(documents);
    this.#isFilled = true;
  }

  #entriesOf({ type, doc }: Pick<FeedItem<T, PastDoc<T>>, "type" | "doc">): readonly Entry[] {
    if (type === "deleted" || type === "purged" || type === "hidden") return [];
    const origin: Origin = { ...this.place, id: doc.id };
    try {
      const entries = entriesOf(this.#at.plan, doc.getData(), origin);
      this.#at.failures.clear(origin);
      return entries;
    } catch (error) {
      this.#at.failures.add({ origin, error });
      return [];
    }
  }
}
