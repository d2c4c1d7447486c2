import type { DerivedRows } from "@selkie/core";
import { listIn, numberIn } from "../value/read-json.ts";
import { decodeValue, encodeValue, type Json } from "../value/value-codec.ts";
import { KeptPages, type KeptRow } from "./kept-pages.ts";
import type { Page, PageId } from "./page.ts";
import { decodeChildren, encodeChildren, type TreeCodec } from "./page-codec.ts";
import { Pages } from "./pages.ts";
import { Tree } from "./tree.ts";
import type { TreeShape } from "./tree-shape.ts";

/** What makes one tree among those that are kept together. */
export interface KeptShape<E, S> extends TreeShape<E, S> {
  /** From 1, each its own. */
  readonly number: number;
  readonly codec: TreeCodec<E, S>;
}

/** A tree, and where it is kept. */
export class KeptTree<E, S> {
  readonly #shape: KeptShape<E, S>;
  readonly #kept: KeptPages<E, S> | null;
  #pages: Pages<E, S>;
  #tree: Tree<E, S>;

  /** An empty one. @param rows null for one that is in memory alone */
  constructor(shape: KeptShape<E, S>, rows: DerivedRows | null) {
    this.#shape = shape;
    this.#kept = rows && new KeptPages(rows, shape.number, shape, shape.codec);
    this.#pages = new Pages(this.#kept, 0);
    this.#tree = new Tree(shape, this.#pages, null, 0);
  }

  get tree(): Tree<E, S> {
    return this.#tree;
  }

  /** How many pages are to be written. */
  get fresh(): number {
    return this.#pages.fresh;
  }

  /** Takes the place of all there was; nothing that is kept stays in use. Parameters as those of `Tree.from`. */
  fill(entries: readonly E[], heaviest?: number): void {
    this.#pages = new Pages(this.#kept, 0);
    this.#tree = Tree.from(this.#shape, this.#pages, entries, heaviest);
  }

  /** The first id that was never given to a page. */
  get next(): PageId {
    return this.#pages.next;
  }

  /** What is to be written, made row by row, and the keys of what is to go. */
  changes(): { readonly put: Iterable<readonly [PageId, KeptRow]>; readonly remove: readonly Uint8Array[] } {
    const kept = this.#kept;
    if (kept === null) return { put: [], remove: [] };
    const { put, remove } = this.#pages.changes();
    return { put: rowsOf(kept, put), remove: remove.map((id) => kept.key(id)) };
  }

  /** A page was written. */
  written(id: PageId): void {
    this.#pages.written(id);
  }

  /** All that was to go has gone, and the head is written. */
  settle(): void {
    this.#pages.removed();
  }

  /** Where the tree is found among its pages. */
  head(): Json {
    const { root, heaviest } = this.#tree;
    const top = root === null ? null : encodeChildren(this.#shape.codec, [root]);
    return [this.#pages.next, top, encodeValue(heaviest)];
  }

  /**
   * Goes on where one left off that had this head. @param taken the first id that nobody gave to a page since, of which what was written is
   * to go. @throws ViewError INDEX_DAMAGED
   */
  open(head: unknown, taken = 0): void {
    const [said, root, weight] = listIn(head);
    const heaviest = numberIn(decodeValue(weight));
    const next = numberIn(said);
    const unused = Array.from({ length: Math.max(0, taken - next) }, (_, at) => next + at);
    this.#pages = new Pages(this.#kept, next + unused.length, unused);
    const [child = null] = root === null ? [] : decodeChildren(this.#shape.codec, root);
    this.#tree = new Tree(this.#shape, this.#pages, child, heaviest);
  }
}

function* rowsOf<E, S>(
  kept: KeptPages<E, S>,
  pages: ReadonlyMap<PageId, Page<E, S>>,
): Iterable<readonly [PageId, KeptRow]> {
  for (const [id, page] of pages) yield [id, kept.rowOf(id, page)];
}
