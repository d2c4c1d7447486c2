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

/** How a tree's pages are said. */
export interface TreeCodec<E, S> {
  readonly entry: Codec<E>;
  readonly summary: Codec<S>;
}

const LETTER = { leaf: 0, branch: 1 } as const;

export function encodePage<E, S>(codec: TreeCodec<E, S>, page: Page<E, S>): Json {
  return page.type === "leaf"
    ? [LETTER.leaf, ...page.items.map((entry) => codec.entry.encode(entry))]
    : [LETTER.branch, ...page.items.map((child) => encodeChild(codec, child))];
}

/** The order is looked at too: the runtime may have learned to sort a language otherwise. @throws ViewError INDEX_DAMAGED */
export function decodePage<E, S>(codec: TreeCodec<E, S>, { compare }: TreeShape<E, S>, json: unknown): Page<E, S> {
  const [letter, ...items] = listIn(json);
  const page: Page<E, S> =
    letter === LETTER.leaf
      ? { type: "leaf", items: items.map((item) => codec.entry.decode(item)) }
      : { type: "branch", items: items.map((item) => decodeChild(codec, item)) };
  const entries = page.type === "leaf" ? page.items : page.items.map(({ last }) => last);
  if (entries.length === 0) throw damaged("an empty page");
  entries.reduce((before, entry) => {
    if (compare(before, entry) >= 0) throw damaged("a page out of order");
    return entry;
  });
  return page;
}

export function encodeChild<E, S>(codec: TreeCodec<E, S>, { id, last, count, summary }: Child<E, S>): Json {
  return [id, count, codec.entry.encode(last), codec.summary.encode(summary)];
}

/** @throws ViewError INDEX_DAMAGED */
export function decodeChild<E, S>(codec: TreeCodec<E, S>, json: unknown): Child<E, S> {
  const [id, count, last, summary] = listIn(json);
  return {
    id: numberIn(id),
    count: numberIn(count),
    last: codec.entry.decode(last),
    summary: codec.summary.decode(summary),
  };
}
