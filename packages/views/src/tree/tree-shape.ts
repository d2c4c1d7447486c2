import type { Compare } from "../value/order.ts";

/** What entries come to, so that any stretch of them can be summed up from the stretches it is made of, in order. */
export interface Summary<E, S> {
  readonly none: S;
  of(entries: readonly E[]): S;
  /** Of stretches that follow one another. */
  join(summaries: readonly S[]): S;
  /** Of a stretch where some entries have gone and others come; null where that has to be found anew. */
  changed(before: S, gone: readonly E[], come: readonly E[]): S | null;
}

/** Of trees whose stretches are not summed up. */
export const nothing: Summary<unknown, null> = { none: null, of: () => null, join: () => null, changed: () => null };

/** What makes one kind of tree: the order of its entries, no two of which are equal in it, and what they come to. */
export interface TreeShape<E, S> {
  readonly compare: Compare<E>;
  /** Enough of an entry to compare it: what pages above say of it. */
  readonly key: (entry: E) => E;
  /** What an entry weighs on its page, as `costOf` weighs values; null where a page has room for as many as there may be. */
  readonly weigh: ((entry: E) => number) | null;
  /** As many entries, or children, as a page has room for: the smaller entries are, the more. */
  readonly mostOnPage: number;
  readonly summary: Summary<E, S>;
}

/** Room on a page for entries of some hundred bytes, of some ten, and of a few. */
export const SOME_ON_PAGE = 128;
export const MANY_ON_PAGE = 256;
export const MOST_ON_PAGE = 1_024;

/** Where a stretch begins: whether an entry comes before it. True for the first entries of a tree, and for none after them. */
export type IsBefore<E> = (entry: E) => boolean;
