import { damaged } from "../damaged-index.ts";
import { listIn, numberIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import type { Child, Page } from "./page.ts";
import type { TreeShape } from "./tree-shape.ts";

/** How something of a page is said. */
interface Codec<T> {
  encode(value: T): Json;
  /** @throws ViewError INDEX_DAMAGED */
  decode(json: unknown): T;
}

/** How a tree's pages are said: all entries of a page together, as they are much alike. */
export interface TreeCodec<E, S> {
  readonly entries: Codec<readonly E[]>;
  readonly summary: Codec<S>;
}

/** Says nothing of stretches that are not summed up. */
export const nothingCodec: Codec<null> = { encode: () => null, decode: () => null };

const LETTER = { leaf: 0, branch: 1 } as const;

export function encodePage<E, S>(codec: TreeCodec<E, S>, page: Page<E, S>): Json {
  return page.type === "leaf"
    ? [LETTER.leaf, codec.entries.encode(page.items)]
    : [LETTER.branch, ...encodeChildren(codec, page.items)];
}

/** The order is looked at too: the runtime may have learned to sort a language otherwise. @throws ViewError INDEX_DAMAGED */
export function decodePage<E, S>(codec: TreeCodec<E, S>, { compare }: TreeShape<E, S>, json: unknown): Page<E, S> {
  const [letter, ...rest] = listIn(json);
  const page: Page<E, S> =
    letter === LETTER.leaf
      ? { type: "leaf", items: codec.entries.decode(rest[0]) }
      : { type: "branch", items: decodeChildren(codec, rest) };
  const entries = page.type === "leaf" ? page.items : page.items.map(({ last }) => last);
  if (entries.length === 0) throw damaged("an empty page");
  entries.reduce((before, entry) => {
    if (compare(before, entry) >= 0) throw damaged("a page out of order");
    return entry;
  });
  return page;
}

/**
 * Holds a page against what is said of it above: it may be another one, or its entries may have come to stand in another order.
 * @throws ViewError INDEX_DAMAGED
 */
export function checkPage<E, S>(
  { compare }: TreeShape<E, S>,
  page: Page<E, S>,
  { child, after }: { readonly child: Child<E, S>; readonly after: E | null },
): void {
  const entries = page.type === "leaf" ? page.items : page.items.map(({ last }) => last);
  const count = page.type === "leaf" ? entries.length : page.items.reduce((sum, below) => sum + below.count, 0);
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined || count !== child.count || compare(last, child.last) !== 0)
    throw damaged("a page is another");
  if (after !== null && compare(after, first) >= 0) throw damaged("pages out of order");
}

export function encodeChildren<E, S>(codec: TreeCodec<E, S>, children: readonly Child<E, S>[]): readonly Json[] {
  return [
    children.map(({ id }) => id),
    children.map(({ count }) => count),
    children.map(({ summary }) => codec.summary.encode(summary)),
    codec.entries.encode(children.map(({ last }) => last)),
  ];
}

/** @throws ViewError INDEX_DAMAGED */
export function decodeChildren<E, S>(codec: TreeCodec<E, S>, json: unknown): readonly Child<E, S>[] {
  const [said, counted, summed, lasts] = listIn(json);
  const [ids, counts, summaries] = [listIn(said), listIn(counted), listIn(summed)];
  const entries = codec.entries.decode(lasts);
  if (entries.length !== ids.length) throw damaged("a child without an entry");
  return entries.map((last, at) => ({
    ...{ id: numberIn(ids[at]), last, count: numberIn(counts[at]) },
    summary: codec.summary.decode(summaries[at]),
  }));
}
