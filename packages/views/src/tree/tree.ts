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

/** What becomes of the entry at a place. */
export interface TreeChange<E> {
  /** Where it comes in the order. */
  readonly entry: E;
  /** Gives what is to stand in the place of what stands there, equal to it in the order; null stands for none. */
  readonly change: (found: E | null) => E | null;
}

interface Edit<E> extends TreeChange<E> {
  /** What stood there before, and what stands there now. */
  found: E | null;
  now: E | null;
}

/** What stands in the place of a page. */
interface Edited<E, S> {
  /** None, it alone, or several of its height. */
  readonly children: readonly Child<E, S>[];
  /** Whether something was removed, so that it may have become small. */
  readonly hasShrunk: boolean;
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
  #heaviest: number;

  /** @param root null for an empty one @param heaviest as of `from` */
  constructor(shape: TreeShape<E, S>, pages: Pages<E, S>, root: Child<E, S> | null, heaviest: number) {
    this.#heaviest = heaviest;
    this.#shape = shape;
    this.#pages = pages;
    this.#root = root;
  }

  /**
   * @param entries ascending, no two equal
   * @param heaviest what none of them outweighs; only where that is much they are weighed
   */
  static from<E, S>(
    shape: TreeShape<E, S>,
    pages: Pages<E, S>,
    entries: readonly E[],
    heaviest: number = Number.POSITIVE_INFINITY,
  ): Tree<E, S> {
    const made = (page: Page<E, S>): Child<E, S> => childOf(shape, pages.add(page), page);
    let level = groups(entries, shape.mostOnPage).flatMap((items) =>
      pagesOf(shape, { type: "leaf", items }, heaviest).map(made),
    );
    while (level.length > 1) level = groups(level, shape.mostOnPage).map((items) => made({ type: "branch", items }));
    return new Tree(shape, pages, level[0] ?? null, heaviest);
  }

  /** What none of its entries outweighs, as far as that is known. */
  get heaviest(): number {
    return this.#heaviest;
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

  /** @returns what stood there */
  async change(entry: E, change: TreeChange<E>["change"]): Promise<E | null> {
    const [found = null] = await this.changeAll([{ entry, change }]);
    return found;
  }

  /**
   * Changes entries at several places by one walk: each page is read and made anew once.
   * @param changes ascending, no two of one place @returns what stood at each
   */
  async changeAll(changes: readonly TreeChange<E>[]): Promise<readonly (E | null)[]> {
    const edits = changes.map(({ entry, change }): Edit<E> => {
      return { entry, change: (found) => this.#weighed(change(found)), found: null, now: null };
    });
    if (this.#root === null)
      this.#grow(this.#added({ type: "leaf", items: changedItems([], edits, this.#shape).items }));
    else if (edits.length > 0) this.#grow((await this.#edit(this.#root, null, edits)).children);
    await this.#lower();
    return edits.map(({ found }) => found);
  }

  /** The entry that is equal to one in the order; null when there is none. */
  async find(entry: E): Promise<E | null> {
    const { compare } = this.#shape;
    const found = await this.firstFrom((other) => compare(other, entry) < 0);
    return found !== null && compare(found, entry) === 0 ? found : null;
  }

  /** The first entry of a stretch that goes on to the end; null when it has none. */
  async firstFrom(isBefore: IsBefore<E>): Promise<E | null> {
    let [child, after]: [Child<E, S> | null, E | null] = [this.#root, null];
    while (child !== null) {
      const page: Page<E, S> = await this.#pages.get(child, after);
      if (page.type === "leaf") return page.items[firstWhere(page.items, (entry) => !isBefore(entry))] ?? null;
      const at = firstWhere(page.items, ({ last }) => !isBefore(last));
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

  async #edit(child: Child<E, S>, after: E | null, edits: readonly Edit<E>[]): Promise<Edited<E, S>> {
    const page = await this.#pages.get(child, after);
    if (page.type === "leaf") {
      const { items, isSame, hasShrunk } = changedItems(page.items, edits, this.#shape);
      return { children: isSame ? [child] : this.#placed(child, { type: "leaf", items }, edits), hasShrunk };
    }
    const items: Child<E, S>[] = [];
    const shrunk = new Set<PageId>();
    let [taken, hasShrunk] = [0, false];
    for (const { at, own } of this.#partsOf(page.items, edits)) {
      const below = page.items[at];
      if (below === undefined) continue;
      const edited = await this.#edit(below, lastBefore(page.items, at, after), own);
      items.push(...page.items.slice(taken, at), ...edited.children);
      taken = at + 1;
      if (!edited.hasShrunk) continue;
      hasShrunk = true;
      for (const one of edited.children) shrunk.add(one.id);
    }
    items.push(...page.items.slice(taken));
    if (items.length === page.items.length && items.every((one, at) => one === page.items[at]))
      return { children: [child], hasShrunk };
    const joined = hasShrunk ? await this.#joinSmall(items, shrunk, after) : items;
    return { children: this.#placed(child, { type: "branch", items: joined }, edits), hasShrunk };
  }

  /** Edits by the child whose entries they are among. */
  *#partsOf(
    children: readonly Child<E, S>[],
    edits: readonly Edit<E>[],
  ): Iterable<{ readonly at: number; readonly own: readonly Edit<E>[] }> {
    const { compare } = this.#shape;
    for (let from = 0; from < edits.length; ) {
      const [first, final] = [edits[from], children.length - 1];
      const at = firstWhere(children, ({ last }) => first !== undefined && compare(last, first.entry) >= 0);
      const last = at < final ? children[at]?.last : undefined;
      const to = last === undefined ? edits.length : firstWhere(edits, ({ entry }) => compare(entry, last) > 0);
      yield { at: Math.min(at, final), own: edits.slice(from, to) };
      from = to;
    }
  }

  /** Children that have become small are joined with those beside them. @param shrunk those that may have */
  async #joinSmall(
    children: readonly Child<E, S>[],
    shrunk: ReadonlySet<PageId>,
    after: E | null,
  ): Promise<readonly Child<E, S>[]> {
    let items = children;
    let joined: PageId | null = null;
    for (let at = 0; at < items.length; ) {
      const child = items[at];
      const first = Math.max(0, Math.min(at, items.length - 2));
      const isDue: boolean = child !== undefined && (shrunk.has(child.id) || child.id === joined);
      const one: Child<E, S> | null = isDue ? await this.#joinedAt(items, { at, first }, after) : null;
      if (one === null) at++;
      else {
        items = items.toSpliced(first, 2, one);
        [joined, at] = [one.id, first];
      }
    }
    return items;
  }

  /** Two children as one, where one of them is small and they fit on a page together; null otherwise. */
  async #joinedAt(
    children: readonly Child<E, S>[],
    { at, first }: { readonly at: number; readonly first: number },
    after: E | null,
  ): Promise<Child<E, S> | null> {
    const [left, right, child] = [children[first], children[first + 1], children[at]];
    if (left === undefined || right === undefined || child === undefined) return null;
    if (!isSmall(this.#shape, await this.#pages.get(child, lastBefore(children, at, after)))) return null;
    const [page, next] = [
      await this.#pages.get(left, lastBefore(children, first, after)),
      await this.#pages.get(right, left.last),
    ];
    const joined = together(page, next);
    if (!fits(this.#shape, joined, this.#heaviest)) return null;
    this.#pages.remove(right.id);
    return childOf(this.#shape, this.#pages.replace(left.id, joined), joined);
  }

  /** What takes a child's place. @param edits all that there were of its entries */
  #placed(before: Child<E, S>, page: Page<E, S>, edits: readonly Edit<E>[]): readonly Child<E, S>[] {
    if (page.items.length === 0) {
      this.#pages.remove(before.id);
      return [];
    }
    const [first = page, ...rest] = pagesOf(this.#shape, page, this.#heaviest);
    const id = this.#pages.replace(before.id, first);
    if (rest.length > 0) return [childOf(this.#shape, id, first), ...rest.flatMap((other) => this.#added(other))];
    const gone = edits.flatMap(({ found }) => (found === null ? [] : [found]));
    const come = edits.flatMap(({ now }) => (now === null ? [] : [now]));
    return [childOf(this.#shape, id, first, this.#shape.summary.changed(before.summary, gone, come))];
  }

  #added(page: Page<E, S>): readonly Child<E, S>[] {
    if (page.items.length === 0) return [];
    return pagesOf(this.#shape, page, this.#heaviest).map((one) => childOf(this.#shape, this.#pages.add(one), one));
  }

  #weighed(entry: E | null): E | null {
    const { weigh } = this.#shape;
    if (entry !== null && weigh !== null && Number.isFinite(this.#heaviest))
      this.#heaviest = Math.max(this.#heaviest, weigh(entry));
    return entry;
  }

  /** A root that was split gets one above it. */
  #grow(children: readonly Child<E, S>[]): void {
    let level = children;
    while (level.length > 1) level = this.#added({ type: "branch", items: level });
    this.#root = level[0] ?? null;
  }

  /** A root with a single child goes. */
  async #lower(): Promise<void> {
    for (let root = this.#root; root !== null; root = this.#root) {
      const page = await this.#pages.get(root, null);
      const [child, second] = page.type === "branch" ? page.items : [];
      if (child === undefined || second !== undefined) return;
      this.#pages.remove(root.id);
      this.#root = child;
    }
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

/** The entries of a page as edits leave them. */
function changedItems<E, S>(
  items: readonly E[],
  edits: readonly Edit<E>[],
  { compare }: TreeShape<E, S>,
): { readonly items: readonly E[]; readonly isSame: boolean; readonly hasShrunk: boolean } {
  const changed: E[] = [];
  let [next, isSame, hasShrunk] = [0, true, false];
  for (const edit of edits) {
    const at = firstWhere(items, (other) => compare(other, edit.entry) >= 0);
    const other = items[at];
    edit.found = other !== undefined && compare(other, edit.entry) === 0 ? other : null;
    edit.now = edit.change(edit.found);
    changed.push(...items.slice(next, at));
    if (edit.now !== null) changed.push(edit.now);
    next = edit.found === null ? at : at + 1;
    isSame &&= edit.now === edit.found;
    hasShrunk ||= edit.now === null && edit.found !== null;
  }
  changed.push(...items.slice(next));
  return { items: changed, isSame, hasShrunk };
}
