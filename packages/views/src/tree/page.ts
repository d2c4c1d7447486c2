import type { TreeShape } from "./tree-shape.ts";

/** Names a page of one tree. */
export type PageId = number;

/** What a page above says of one below: the key of its last entry, how many entries are below it, and what they come to. */
export interface Child<E, S> {
  readonly id: PageId;
  readonly last: E;
  readonly count: number;
  readonly summary: S;
}

/** Ascending, and at least one. */
export type Page<E, S> =
  | { readonly type: "leaf"; readonly items: readonly E[] }
  | { readonly type: "branch"; readonly items: readonly Child<E, S>[] };

/** What all entries of a page may weigh together, where it has more than one: about 128 KB. */
const MOST_WEIGHT = 4_096;

/** A page that is filled less is joined with one beside it. */
const LEAST_FILLED = 1 / 4;

/** How far pages are filled that are made at once, so that the first changes find room. */
const FILLED = 3 / 4;

/** @param id where the page is to be found @param known what it comes to; null where that is to be found */
export function childOf<E, S>(
  { summary, key }: TreeShape<E, S>,
  id: PageId,
  page: Page<E, S>,
  known: S | null = null,
): Child<E, S> {
  if (page.type === "leaf") {
    const { items } = page;
    return { id, last: key(lastOf(items)), count: items.length, summary: known ?? summary.of(items) };
  }
  const { items } = page;
  const count = items.reduce((sum, child) => sum + child.count, 0);
  const all = known ?? summary.join(items.map((child) => child.summary));
  return { id, last: lastOf(items).last, count, summary: all };
}

/** A page as it may be: itself, or several that have room for what it holds. Parameters as those of `fits`. */
export function pagesOf<E, S>(shape: TreeShape<E, S>, page: Page<E, S>, heaviest: number): readonly Page<E, S>[] {
  return fits(shape, page, heaviest) ? [page] : halves(page).flatMap((half) => pagesOf(shape, half, heaviest));
}

/** Whether a page has room for what it holds. @param heaviest what none of its entries outweighs: only where that is much they are weighed */
export function fits<E, S>({ weigh, mostOnPage }: TreeShape<E, S>, page: Page<E, S>, heaviest: number): boolean {
  const { length } = page.items;
  if (length > mostOnPage) return false;
  if (weigh === null || length < 2 || page.type === "branch" || heaviest * length <= MOST_WEIGHT) return true;
  let weight = 0;
  for (const entry of page.items) weight += weigh(entry);
  return weight <= MOST_WEIGHT;
}

/** Whether a page holds so little that it is joined with one beside it. */
export function isSmall<E, S>({ mostOnPage }: TreeShape<E, S>, page: Page<E, S>): boolean {
  return page.items.length < mostOnPage * LEAST_FILLED;
}

function halves<E, S>(page: Page<E, S>): readonly Page<E, S>[] {
  const middle = page.items.length >> 1;
  if (page.type === "leaf")
    return [page.items.slice(0, middle), page.items.slice(middle)].map((items) => ({ type: "leaf", items }));
  return [page.items.slice(0, middle), page.items.slice(middle)].map((items) => ({ type: "branch", items }));
}

/** Two pages of one height, one after the other, as one. */
export function together<E, S>(a: Page<E, S>, b: Page<E, S>): Page<E, S> {
  if (a.type === "leaf" && b.type === "leaf") return { type: "leaf", items: [...a.items, ...b.items] };
  if (a.type === "branch" && b.type === "branch") return { type: "branch", items: [...a.items, ...b.items] };
  throw new TypeError("pages of one height are of one type");
}

/** Items in groups that fill a page each, all of about the same size. */
export function groups<T>(items: readonly T[], mostOnPage: number): readonly (readonly T[])[] {
  const count = Math.ceil(items.length / (mostOnPage * FILLED));
  return Array.from({ length: count }, (_, at) =>
    items.slice(Math.floor((at * items.length) / count), Math.floor(((at + 1) * items.length) / count)),
  );
}

/** The position of the first item of which something holds, where it holds of all that follow; the length when it holds of none. */
export function firstWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function lastOf<T>(items: readonly T[]): T {
  const last = items.at(-1);
  if (last === undefined) throw new TypeError("a page holds something");
  return last;
}
