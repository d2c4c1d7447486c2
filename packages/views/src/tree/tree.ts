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
    if (this.#root !== null) await this.#grow(await this.#edit(this.#root.id, edit));
    else {
      const first = change(null);
      this.#root = first === null ? null : this.#added({ type: "leaf", items: [first] });
    }
    return edit.found;
  }

  /** The entry that is equal to one in the order; null when there is none. */
  async find(entry: E): Promise<E | null> {
    const { compare } = this.#shape;
    let child = this.#root;
    while (child !== null) {
      const page = await this.#pages.get(child.id);
      if (page.type === "leaf") {
        const found = page.items[firstWhere(page.items, (other) => compare(other, entry) >= 0)];
        return found !== undefined && compare(found, entry) === 0 ? found : null;
      }
      child = page.items[firstWhere(page.items, ({ last }) => compare(last, entry) >= 0)] ?? null;
    }
    return null;
  }

  /** How many entries come before a stretch. */
  async countBefore(isBefore: IsBefore<E>): Promise<number> {
    let [child, count] = [this.#root, 0];
    while (child !== null) {
      const page = await this.#pages.get(child.id);
      if (page.type === "leaf") return count + firstWhere(page.items, (entry) => !isBefore(entry));
      const at = firstWhere(page.items, ({ last }) => !isBefore(last));
      count += countOf(page.items.slice(0, at));
      child = page.items[at] ?? null;
    }
    return count;
  }

  /** Up to `count` entries from a position on, 0 being the first. */
  async slice(position: number, count: number): Promise<readonly E[]> {
    const entries: E[] = [];
    if (this.#root !== null) await this.#collect(this.#root.id, position, position + count, entries);
    return entries;
  }

  /** What the entries from one position up to another come to. */
  async summaryBetween(from: number, to: number): Promise<S> {
    const root = this.#root;
    return root === null || to <= from ? this.#shape.summary.none : this.#summaryIn(root, from, to);
  }

  async #collect(id: PageId, from: number, to: number, entries: E[]): Promise<void> {
    const page = await this.#pages.get(id);
    if (page.type === "leaf") {
      entries.push(...page.items.slice(Math.max(0, from), to));
      return;
    }
    let start = 0;
    for (const child of page.items) {
      if (start >= to) return;
      if (start + child.count > from) await this.#collect(child.id, from - start, to - start, entries);
      start += child.count;
    }
  }

  async #summaryIn(child: Child<E, S>, from: number, to: number): Promise<S> {
    if (from <= 0 && to >= child.count) return child.summary;
    const { summary } = this.#shape;
    const page = await this.#pages.get(child.id);
    if (page.type === "leaf") return summary.of(page.items.slice(Math.max(0, from), to));
    const parts: S[] = [];
    let start = 0;
    for (const below of page.items) {
      if (start < to && start + below.count > from) parts.push(await this.#summaryIn(below, from - start, to - start));
      start += below.count;
    }
    return summary.join(parts);
  }

  /** @returns what stands in the place of the page: none, it alone, or several of its height */
  async #edit(id: PageId, edit: Edit<E>): Promise<readonly Child<E, S>[]> {
    const { compare } = this.#shape;
    const { entry } = edit;
    const page = await this.#pages.get(id);
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
    const children = await this.#edit(page.items[at]?.id ?? 0, edit);
    const items = page.items.toSpliced(at, 1, ...children);
    return this.#placed(id, { type: "branch", items: edit.isRemoved ? await this.#joinSmall(items, at) : items });
  }

  /** A child that has become small is joined with one beside it. */
  async #joinSmall(children: readonly Child<E, S>[], at: number): Promise<readonly Child<E, S>[]> {
    const first = Math.max(0, Math.min(at, children.length - 2));
    const [left, right, child] = [children[first], children[first + 1], children[at]];
    if (left === undefined || right === undefined || child === undefined) return children;
    if (!isSmall(this.#shape, await this.#pages.get(child.id))) return children;
    const page = together(await this.#pages.get(left.id), await this.#pages.get(right.id));
    if (!fits(this.#shape, page)) return children;
    this.#pages.remove(right.id);
    return children.toSpliced(first, 2, ...this.#placed(left.id, page));
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
      const page = root === null ? null : await this.#pages.get(root.id);
      const [child, second] = page?.type === "branch" ? page.items : [];
      if (root === null || child === undefined || second !== undefined) break;
      this.#pages.remove(root.id);
      root = child;
    }
    this.#root = root;
  }
}

function countOf(children: readonly Child<unknown, unknown>[]): number {
  return children.reduce((sum, { count }) => sum + count, 0);
}
