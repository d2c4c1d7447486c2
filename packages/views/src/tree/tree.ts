import {
  type Child,
  childOf,
  firstWhere,
  fits,
  groups,
  isSmall,
  type Page,
  type PageId,
  pagesOf,
  together,
} from "./page.ts";
import type { Pages } from "./pages.ts";
import type { IsBefore, TreeShape } from "./tree-shape.ts";

/** What becomes of the entry at a place; null stands for none. */
interface Edit<E> {
  readonly entry: E;
  readonly change: (found: E | null) => E | null;
  /** What stood there before. */
  found: E | null;
  isRemoved: boolean;
}

/**
 * Entries in order, on pages, with what any stretch of them comes to: a B+ tree that counts (Bayer and McCreight 1972; Knuth, The Art of
 * Computer Programming, volume 3, section 6.2.4). To put, remove, find, count and sum up takes O(log n) pages.
 *
 * What changes it has to follow one another, and nothing may read it meanwhile.
 */
export class Tree<E, S> {
  readonly #shape: TreeShape<E, S>;
  readonly #pages: Pages<E, S>;
  #root: Child<E, S> | null;

  /** @param root null for an empty one */
  constructor(shape: TreeShape<E, S>, pages: Pages<E, S>, root: Child<E, S> | null) {
    this.#shape = shape;
    this.#pages = pages;
    this.#root = root;
  }

  /** @param entries ascending, no two equal */
  static from<E, S>(shape: TreeShape<E, S>, pages: Pages<E, S>, entries: readonly E[]): Tree<E, S> {
    const made = (page: Page<E, S>): Child<E, S> => childOf(shape, pages.add(page), page);
    let level = groups(entries, shape.mostOnPage).flatMap((items) => pagesOf(shape, { type: "leaf", items }).map(made));
    while (level.length > 1) level = groups(level, shape.mostOnPage).map((items) => made({ type: "branch", items }));
    return new Tree(shape, pages, level[0] ?? null);
  }

  /** What it begins with when it is opened again; null for an empty one. */
  get root(): Child<E, S> | null {
    return this.#root;
  }

  get size(): number {
    return this.#root?.count ?? 0;
  }

  /** What all entries come to. */
  get summary(): S {
    return this.#root?.summary ?? this.#shape.summary.none;
  }

  /** Adds an entry. @returns the one that it takes the place of, equal to it in the order; null when there was none */
  put(entry: E): Promise<E | null> {
    return this.change(entry, () => entry);
  }

  /** @returns the one that was there; null when there was none */
  remove(entry: E): Promise<E | null> {
    return this.change(entry, () => null);
  }

  /** @param change gives what is to stand in the place of the entry, where it comes in the order; null for none. @returns what stood there */
  async change(entry: E, change: Edit<E>["change"]): Promise<E | null> {
    const edit: Edit<E> = { entry, change, found: null, isRemoved: false };
    if (this.#root !== null) await this.#grow(await this.#edit(this.#root, null, edit));
    else {
      const first = change(null);
      this.#root = first === null ? null : this.#added({ type: "leaf", items: [first] });
    }
    return edit.found;
  }

  /** The entry that is equal to one in the order; null when there is none. */
  async find(entry: E): Promise<E | null> {
    const { compare } = this.#shape;
    let [child, after]: [Child<E, S> | null, E | null] = [this.#root, null];
    while (child !== null) {
      const page: Page<E, S> = await this.#pages.get(child, after);
      if (page.type === "leaf") {
        const found = page.items[firstWhere(page.items, (other) => compare(other, entry) >= 0)];
        return found !== undefined && compare(found, entry) === 0 ? found : null;
      }
      const at = firstWhere(page.items, ({ last }) => compare(last, entry) >= 0);
      after = lastBefore(page.items, at, after);
      child = page.items[at] ?? null;
    }
    return null;
  }

  /** How many entries come before a stretch. */
  async countBefore(isBefore: IsBefore<E>): Promise<number> {
    let [child, after, count]: [Child<E, S> | null, E | null, number] = [this.#root, null, 0];
    while (child !== null) {
      const page: Page<E, S> = await this.#pages.get(child, after);
      if (page.type === "leaf") return count + firstWhere(page.items, (entry) => !isBefore(entry));
      const at = firstWhere(page.items, ({ last }) => !isBefore(last));
      count += countOf(page.items.slice(0, at));
      after = lastBefore(page.items, at, after);
      child = page.items[at] ?? null;
    }
    return count;
  }

  /** Up to `count` entries from a position on, 0 being the first. */
  async slice(position: number, count: number): Promise<readonly E[]> {
    const entries: E[] = [];
    if (this.#root === null) return entries;
    await this.#collect({ child: this.#root, after: null, from: position, to: position + count }, entries);
    return entries;
  }

  /** What the entries from one position up to another come to. */
  async summaryBetween(from: number, to: number): Promise<S> {
    const root = this.#root;
    return root === null || to <= from
      ? this.#shape.summary.none
      : this.#summaryIn({ child: root, after: null, from, to });
  }

  async #collect({ child, after, from, to }: Part<E, S>, entries: E[]): Promise<void> {
    const page = await this.#pages.get(child, after);
    if (page.type === "leaf") {
      entries.push(...page.items.slice(Math.max(0, from), to));
      return;
    }
    for (const part of partsOf(page.items, { after, from, to })) await this.#collect(part, entries);
  }

  async #summaryIn({ child, after, from, to }: Part<E, S>): Promise<S> {
    if (from <= 0 && to >= child.count) return child.summary;
    const { summary } = this.#shape;
    const page = await this.#pages.get(child, after);
    if (page.type === "leaf") return summary.of(page.items.slice(Math.max(0, from), to));
    const parts: S[] = [];
    for (const part of partsOf(page.items, { after, from, to })) parts.push(await this.#summaryIn(part));
    return summary.join(parts);
  }

  /** @returns what stands in the place of the page: none, it alone, or several of its height */
  async #edit(child: Child<E, S>, after: E | null, edit: Edit<E>): Promise<readonly Child<E, S>[]> {
    const { compare } = this.#shape;
    const { entry } = edit;
    const { id } = child;
    const page = await this.#pages.get(child, after);
    if (page.type === "leaf") {
      const at = firstWhere(page.items, (other) => compare(other, entry) >= 0);
      const other = page.items[at];
      edit.found = other !== undefined && compare(other, entry) === 0 ? other : null;
      const now = edit.change(edit.found);
      edit.isRemoved = now === null;
      const items = page.items.toSpliced(at, edit.found === null ? 0 : 1, ...(now === null ? [] : [now]));
      return this.#placed(id, { type: "leaf", items });
    }
    const due = firstWhere(page.items, ({ last }) => compare(last, entry) >= 0);
    const at = Math.min(due, page.items.length - 1);
    const below = page.items[at];
    const children = below === undefined ? [] : await this.#edit(below, lastBefore(page.items, at, after), edit);
    const items = page.items.toSpliced(at, 1, ...children);
    return this.#placed(id, {
      type: "branch",
      items: edit.isRemoved ? await this.#joinSmall(items, at, after) : items,
    });
  }

  /** A child that has become small is joined with one beside it. */
  async #joinSmall(children: readonly Child<E, S>[], at: number, after: E | null): Promise<readonly Child<E, S>[]> {
    const first = Math.max(0, Math.min(at, children.length - 2));
    const [left, right, child] = [children[first], children[first + 1], children[at]];
    if (left === undefined || right === undefined || child === undefined) return children;
    if (!isSmall(this.#shape, await this.#pages.get(child, lastBefore(children, at, after)))) return children;
    const [page, next] = [
      await this.#pages.get(left, lastBefore(children, first, after)),
      await this.#pages.get(right, left.last),
    ];
    const joined = together(page, next);
    if (!fits(this.#shape, joined)) return children;
    this.#pages.remove(right.id);
    return children.toSpliced(first, 2, ...this.#placed(left.id, joined));
  }

  #placed(id: PageId, page: Page<E, S>): readonly Child<E, S>[] {
    if (page.items.length === 0) {
      this.#pages.remove(id);
      return [];
    }
    const [first = page, ...rest] = pagesOf(this.#shape, page);
    return [childOf(this.#shape, this.#pages.replace(id, first), first), ...rest.map((other) => this.#added(other))];
  }

  #added(page: Page<E, S>): Child<E, S> {
    return childOf(this.#shape, this.#pages.add(page), page);
  }

  /** A root that was split gets one above it; one with a single child goes. */
  async #grow(children: readonly Child<E, S>[]): Promise<void> {
    let [root = null] = children.length > 1 ? [this.#added({ type: "branch", items: children })] : children;
    for (;;) {
      const page = root === null ? null : await this.#pages.get(root, null);
      const [child, second] = page?.type === "branch" ? page.items : [];
      if (root === null || child === undefined || second !== undefined) break;
      this.#pages.remove(root.id);
      root = child;
    }
    this.#root = root;
  }
}

/** The last entry before those of a child. @param after that of its page */
function lastBefore<E, S>(children: readonly Child<E, S>[], at: number, after: E | null): E | null {
  return children[at - 1]?.last ?? after;
}

/** A child of which the entries of some positions are due, the first of the child being 0. */
interface Part<E, S> {
  readonly child: Child<E, S>;
  /** The last entry before those of the child. */
  readonly after: E | null;
  readonly from: number;
  readonly to: number;
}

/** The children of a page that have entries of these positions. */
function* partsOf<E, S>(
  children: readonly Child<E, S>[],
  { after, from, to }: Omit<Part<E, S>, "child">,
): Iterable<Part<E, S>> {
  let start = 0;
  for (const [at, child] of children.entries()) {
    if (start >= to) return;
    if (start + child.count > from)
      yield { child, after: lastBefore(children, at, after), from: from - start, to: to - start };
    start += child.count;
  }
}

function countOf(children: readonly Child<unknown, unknown>[]): number {
  return children.reduce((sum, { count }) => sum + count, 0);
}
