import type { DerivedRows, FeedItem, FeedOptions, PastDatabase, PastDoc } from "@selkie/core";
import type { Origin } from "../expression/scope.ts";

/** A database that an index can be made of, as it is, as it was, or read through others. */
export interface IndexSource<T extends object> extends Pick<PastDatabase<T>, "name" | "tenant" | "findDocument"> {
  /** As that of a database. */
  iterateChangesSince(cursor: string | null, options?: FeedOptions): AsyncIterable<FeedItem<T, PastDoc<T>>>;
}

/**
 * What is made of the documents of one database, and follows them. What changes it follows one another, and nothing reads it meanwhile.
 * What it throws when something that is kept of it is damaged is INDEX_DAMAGED.
 */
export interface FeedIndex<Mapped, Moved> {
  /** How many pages changed since it was saved. */
  readonly fresh: number;
  /** Goes on from what is kept. @returns the mark that it was kept with; null when nothing is kept that can be gone on with */
  open(): Promise<string | null>;
  /** Begins anew, and removes what is kept: nobody reads it before it is filled. */
  filling(): Promise<Filling<Mapped>>;
  /** Documents have changed, each of them once. @returns what moved for each */
  move(documents: readonly Changed<Mapped>[]): Promise<readonly Moved[]>;
  /** Keeps it as it is. @param mark says how far it has come in the database's changes @throws CoreError CLOSED */
  save(mark: string): Promise<void>;
}

/** A document, and what goes into an index of it now. */
export type Changed<Mapped> = readonly [id: string, mapped: Mapped];

/** An index that takes all documents at once, in pieces. */
export interface Filling<Mapped> {
  /** A document may come again: what came last counts. */
  add(documents: readonly Changed<Mapped>[]): Promise<void>;
  /** Takes the place of all that was kept. */
  finish(): Promise<void>;
}

/** What making something of a document may need. */
export interface Mapping {
  /** Ends what waits. */
  readonly signal: AbortSignal;
  /** Names something of the document that could not be had; the rest counts. */
  readonly failed: (error: unknown) => void;
}

/** What makes one kind of index among all that follow databases. */
export interface IndexKind<Mapped, Moved extends object, Index extends FeedIndex<Mapped, Moved>> {
  /** What goes into it of a document that is gone, or can't be computed. */
  readonly none: Mapped;
  /** Takes what is kept of it in a database (`derivedRowsOf`); null where nothing is. @throws CoreError CLOSED */
  take(database: IndexSource<object>): Promise<DerivedRows | null>;
  /** What goes into it of a document. What it throws is named as that document's failure. */
  map(data: object, origin: Origin, mapping: Mapping): Mapped | Promise<Mapped>;
  /** An empty one. @param rows null for one that is in memory alone */
  create(rows: DerivedRows | null): Index;
  /** Two moves of one document, as one. */
  join(before: Moved, after: Moved): Moved;
}
