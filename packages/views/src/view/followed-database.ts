import { type DerivedRows, derivedRowsOf, type FeedItem, type PastDatabase, type PastDoc } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { Entry } from "./entry.ts";
import type { Failures } from "./failures.ts";
import { entriesOf, type ViewPlan } from "./map-document.ts";
import { type Moved, SourceIndex } from "./source-index.ts";

/** A database that a view can be made of, as it is or as it was. */
export type ViewSource<T extends object> = Pick<PastDatabase<T>, "name" | "tenant" | "iterateChangesSince">;

export interface FollowContext {
  readonly name: string;
  readonly plan: ViewPlan;
  /** As `definitionText` gives it. */
  readonly definition: string | null;
  readonly failures: Failures;
}

export interface Following {
  readonly signal: AbortSignal;
  /** Runs what changes the index while nobody reads it. */
  readonly run: <Result>(job: () => Promise<Result>) => Promise<Result>;
}

/** Changed pages that stay in memory alone. */
const UNSAVED = 512;

/** One database of a view, and its index, which follows it. */
export class FollowedDatabase<T extends object> {
  readonly place: Omit<Origin, "id">;
  readonly #database: ViewSource<T>;
  readonly #at: FollowContext;
  #rows: DerivedRows | null = null;
  #index: SourceIndex;
  #isFilled = false;
  /** Up to where the index has it; null before there is anything. */
  #cursor: string | null = null;

  constructor(database: ViewSource<T>, at: FollowContext) {
    this.#database = database;
    this.#at = at;
    this.place = { tenant: database.tenant.id, database: database.name };
    this.#index = this.#newIndex();
  }

  get index(): SourceIndex {
    return this.#index;
  }

  /** Goes on from what is kept. @returns false when it has to be filled. @throws CoreError CLOSED */
  async open(): Promise<boolean> {
    this.#rows = this.#at.definition === null ? null : derivedRowsOf(this.#database, `view ${this.#at.name}`);
    this.#index = this.#newIndex();
    this.#cursor = await this.#index.open();
    this.#isFilled = this.#cursor !== null;
    return this.#isFilled;
  }

  /** Takes what has changed. @returns what moved in the index, each document once; null when it was filled */
  async follow({ signal, run }: Following): Promise<readonly Moved[] | null> {
    if (!this.#isFilled) {
      await this.#fill({ signal, run });
      return null;
    }
    const moved = new Map<string, Moved>();
    for await (const { doc, cursor, type } of this.#database.iterateChangesSince(this.#cursor, { signal })) {
      const { gone, come } = await run(() => this.#index.move(doc.id, this.#entriesOf({ type, doc })));
      moved.set(doc.id, { gone: moved.get(doc.id)?.gone ?? gone, come });
      this.#cursor = cursor;
    }
    return [...moved.values()];
  }

  /** Calls back whenever something has changed, until the signal ends it; a database as it was never changes. */
  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    for await (const _ of this.#database.iterateChangesSince(this.#cursor, { live: true, signal })) changed();
  }

  /** Keeps the index, so that it need not be made again. @param isLast also when little of it changed */
  async save(isLast: boolean): Promise<void> {
    const { fresh } = this.#index;
    if (this.#cursor !== null && fresh > (isLast ? 0 : UNSAVED)) await this.#index.save(this.#cursor);
  }

  /** What is kept of the index is damaged: it is filled when it follows next, and read as it is until then. */
  forget(): void {
    this.#isFilled = false;
    this.#cursor = null;
  }

  /** Others may keep an index of this name. */
  release(): void {
    this.#rows?.release();
  }

  #newIndex(): SourceIndex {
    const { plan, definition } = this.#at;
    return new SourceIndex({ columns: plan.columns, definition: definition ?? "", rows: this.#rows });
  }

  async #fill({ signal, run }: Following): Promise<void> {
    const documents = new Map<string, readonly Entry[]>();
    let last: string | null = null;
    for await (const { doc, cursor, type } of this.#database.iterateChangesSince(null, { signal })) {
      documents.set(doc.id, this.#entriesOf({ type, doc }));
      last = cursor;
    }
    const index = this.#newIndex();
    await run(async () => {
      await index.fill(documents);
      this.#index = index;
    });
    this.#cursor = last;
    this.#isFilled = true;
  }

  #entriesOf({ type, doc }: Pick<FeedItem<T, PastDoc<T>>, "type" | "doc">): readonly Entry[] {
    const origin: Origin = { ...this.place, id: doc.id };
    this.#at.failures.clear(origin);
    if (type === "deleted" || type === "purged" || type === "hidden") return [];
    try {
      return entriesOf(this.#at.plan, doc.getData(), origin);
    } catch (error) {
      this.#at.failures.add({ origin, error });
      return [];
    }
  }
}
