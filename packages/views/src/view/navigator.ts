import type { Off } from "@selkie/core";
import type { ViewPatch } from "./patch.ts";
import type { Row } from "./row.ts";

export interface NavigatorOptions {
  /** How many levels of categories are open at first; all when nothing is said. */
  readonly expand?: number;
  /**
   * Which documents are shown to whom this is for; the others are passed over, and categories that hold no others. What categories say of
   * their documents is said of all: who may not know that needs a view of other databases.
   */
  readonly isVisible?: (document: Row) => boolean;
}

/** A stretch of rows. */
export interface RowRange {
  /** The keys of the rows that it begins and ends with; the first row and the last when nothing is said. */
  readonly from?: string;
  readonly to?: string;
  /** How many, at most. */
  readonly limit?: number;
}

/**
 * Somebody's way through the rows of a view: which categories are open, which row they are at, and which they have selected. What is read is
 * always as the view is then; each step takes a few pages, whatever the view holds, and passes one by one over what is not visible.
 */
export interface Navigator {
  /** The row it is at, as it was found; null before it went anywhere. */
  readonly current: Row | null;
  /** Each of these goes to a row, or gives null and stays where it is when there is none. @throws ViewError CLOSED */
  first(): Promise<Row | null>;
  /** The one that says what all documents come to. */
  last(): Promise<Row | null>;
  next(): Promise<Row | null>;
  previous(): Promise<Row | null>;
  /** The document that it stands beneath, or its category. */
  parent(): Promise<Row | null>;
  /** The first row within a category, which opens, or beneath a document. */
  child(): Promise<Row | null>;
  /** The row with a key, and the categories it stands in open. @throws ViewError KEY_INVALID */
  goTo(key: string): Promise<Row | null>;
  /** By what stands in it: the values of its levels of categories, from the top, and then of its sorted columns. */
  find(...values: readonly unknown[]): Promise<Row | null>;
  /** A document by its number among all of the view, from 0: for a scroll bar. */
  goToPosition(position: number): Promise<Row | null>;
  /** How many documents come before the row it is at. */
  position(): Promise<number>;
  /** Opens a category, or closes it. @throws ViewError KEY_INVALID */
  expand(key: string): void;
  collapse(key: string): void;
  /** Opens so many levels from the top, and closes all others. */
  expandTo(levels: number): void;
  /** Rows that are shown, one after the other. @throws ViewError CLOSED | KEY_INVALID */
  rows(range?: RowRange): AsyncIterable<Row>;
  /**
   * Calls the listener with all rows that are shown soon, and then with what changes of them: what comes, goes, and is open or closed. Where
   * some are not visible all that are shown are read again each time.
   */
  subscribe(listener: (patches: readonly ViewPatch[]) => void): Off;
  /** The keys of the selected rows. */
  readonly selection: ReadonlySet<string>;
  select(...keys: readonly string[]): void;
  deselect(...keys: readonly string[]): void;
  /** All rows of a stretch that are shown. @throws ViewError CLOSED | KEY_INVALID */
  selectRange(range: RowRange): Promise<void>;
}
