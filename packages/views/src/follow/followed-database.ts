import {
  type DerivedRows,
  type FeedItemType,
  followChanges,
  keepCursors,
  othersFirst,
  parseDocId,
  scanDocuments,
} from "@selkie/core";
import type { Origin } from "../expression/scope.ts";
import type { Failures } from "./failures.ts";
import type { Changed, FeedIndex, IndexKind, IndexSource } from "./feed-index.ts";
import { decodeMark, encodeMark } from "./kept-mark.ts";

export interface Following {
  readonly signal: AbortSignal;
  /** Runs what changes the index while nobody reads it. */
  readonly run: <Result>(job: () => Promise<Result>) => Promise<Result>;
  /** How many documents were taken into an index that is being filled. */
  readonly filled: (documents: number) => void;
}

/** A document as it comes. */
interface Seen {
  readonly id: string;
  getData(): object;
}

interface Mapping {
  readonly signal: AbortSignal;
  /** Whether nothing of it is to be in the index. */
  readonly isGone?: boolean;
}

/** Changed pages that stay in memory alone. */
const UNSAVED = 512;

/** Documents that an index takes at a time. */
const PIECE = 512;

/** One database, and its index, which follows it. */
export class FollowedDatabase<Mapped, Moved extends object, Index extends FeedIndex<Mapped, Moved>> {
  readonly place: Omit<Origin, "id">;
  readonly #database: IndexSource<object>;
  readonly #kind: IndexKind<Mapped, Moved, Index>;
  readonly #failures: Failures;
  #rows: DerivedRows | null = null;
  #index: Index;
  #isFilled = false;
  /** Whether it goes on from what is kept, and has not asked yet what changed since. */
  #isAsKept = false;
  /** Up to where the index has it; null before there is anything. */
  #cursor: string | null = null;
  /** The mark of what is kept. */
  #kept: string | null = null;
  /** Documents that were left out of what is kept: what is wrong with them is found out anew. */
  #failed: readonly string[] = [];

  constructor(database: IndexSource<object>, kind: IndexKind<Mapped, Moved, Index>, failures: Failures) {
    this.#database = database;
    this.#kind = kind;
    this.#failures = failures;
    this.place = { tenant: database.tenant.id, database: database.name };
    this.#index = kind.create(null);
  }

  get index(): Index {
    return this.#index;
  }

  /** Goes on from what is kept. @returns false when it has to be filled. @throws CoreError CLOSED */
  async open(): Promise<boolean> {
    this.#rows = await this.#kind.take(this.#database);
    this.#index = this.#kind.create(this.#rows);
    this.#kept = await this.#index.open();
    const mark = this.#kept === null ? null : decodeMark(this.#kept);
    this.#cursor = mark?.cursor ?? null;
    this.#failed = mark?.failed ?? [];
    this.#isFilled = mark !== null;
    this.#isAsKept = this.#isFilled;
    return this.#isFilled;
  }

  /** Takes what has changed. @returns what moved in the index, each document once; null when it was filled */
  async follow(following: Following): Promise<readonly Moved[] | null> {
    const { signal, run } = following;
    // What is kept can be looked at, and to find out what changed since takes a look at all documents.
    if (this.#isAsKept) await othersFirst(this.#database);
    this.#isAsKept = false;
    if (!this.#isFilled) {
      await this.#fill(following);
      return null;
    }
    const moved = new Map<string, Moved>();
    const move = async (documents: ReadonlyMap<string, Mapped>): Promise<void> => {
      const changed = [...documents];
      const each = changed.length === 0 ? [] : await run(() => this.#move(changed));
      for (const [at, now] of each.entries()) {
        const [id = ""] = changed[at] ?? [];
        const before = moved.get(id);
        moved.set(id, before === undefined ? now : this.#kind.join(before, now));
      }
    };
    while (this.#failed.length > 0) {
      const [id, ...others] = this.#failed;
      const doc = id === undefined ? undefined : await this.#database.findDocument(parseDocId(id));
      if (doc?.isDeleted() === false) await move(new Map([[doc.id, await this.#mapped(doc, { signal })]]));
      this.#failed = others;
    }
    let [piece, last]: [Map<string, Mapped>, string | null] = [new Map(), this.#cursor];
    const take = async (): Promise<void> => {
      await move(piece);
      this.#cursor = last;
      piece = new Map();
    };
    for await (const { doc, cursor, type } of followChanges(this.#database, this.#cursor, { signal })) {
      piece.set(doc.id, await this.#mapped(doc, { signal, isGone: isGone(type) }));
      last = cursor;
      if (piece.size === PIECE) await take();
    }
    await take();
    return [...moved.values()];
  }

  /** Calls back whenever something has changed, until the signal ends it; a database as it was never changes. */
  async watch(changed: () => void, signal: AbortSignal): Promise<void> {
    for await (const _ of followChanges(this.#database, this.#cursor, { live: true, signal })) changed();
  }

  /** Keeps the index, so that it need not be made again. @param isLast also when little of it changed */
  async save(isLast: boolean): Promise<void> {
    if (this.#cursor === null || this.#rows === null) return;
    const failed = [...new Set([...this.#failures.idsOf(this.place), ...this.#failed])];
    const mark = encodeMark({ cursor: this.#cursor, failed });
    const { fresh } = this.#index;
    if (isLast ? fresh === 0 && mark === this.#kept : fresh <= UNSAVED) return;
    await keepCursors(this.#database);
    await this.#index.save(mark);
    this.#kept = mark;
  }

  /** What is kept of the index is damaged: it is filled when it follows next, and read as it is until then. */
  forget(): void {
    this.#isFilled = false;
    this.#cursor = null;
    this.#failed = [];
  }

  /** Others may keep an index of this name. */
  release(): void {
    this.#rows?.release();
  }

  /** What was moved by half is made again: nobody knows where the other half stands. */
  async #move(documents: readonly Changed<Mapped>[]): Promise<readonly Moved[]> {
    try {
      return await this.#index.move(documents);
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  async #fill({ signal, run, filled }: Following): Promise<void> {
    this.#kept = null;
    const index = this.#kind.create(this.#rows);
    const filling = await index.filling();
    let piece: Changed<Mapped>[] = [];
    let last: string | null = null;
    for await (const doc of scanDocuments(this.#database, { signal, isLasting: false })) {
      const mapped = this.#mapped(doc, { signal });
      piece.push([doc.id, mapped instanceof Promise ? await mapped : mapped]);
      last = doc.cursor;
      if (piece.length < PIECE) continue;
      await filling.add(piece);
      filled(piece.length);
      piece = [];
    }
    await filling.add(piece);
    await run(async () => {
      await filling.finish();
      this.#index = index;
    });
    filled(piece.length);
    this.#cursor = last;
    this.#isFilled = true;
  }

  /** @throws the signal's reason */
  #mapped(doc: Seen, { signal, isGone = false }: Mapping): Mapped | Promise<Mapped> {
    const origin: Origin = { tenant: this.place.tenant, database: this.place.database, id: doc.id };
    this.#failures.clear(origin);
    if (isGone) return this.#kind.none;
    const failed = (error: unknown): Mapped => {
      signal.throwIfAborted();
      this.#failures.add({ origin, error });
      return this.#kind.none;
    };
    try {
      const mapped = this.#kind.map(doc.getData(), origin, { signal, failed });
      return mapped instanceof Promise ? mapped.catch(failed) : mapped;
    } catch (error) {
      return failed(error);
    }
  }
}

const isGone = (type: FeedItemType): boolean => type === "deleted" || type === "purged" || type === "hidden";
