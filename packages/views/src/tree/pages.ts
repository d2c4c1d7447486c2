import type { Child, Page, PageId } from "./page.ts";

/** Where pages are read from that are not in memory. */
export interface PageSource<E, S> {
  /**
   * @param after the last entry before those of the page; null for none
   * @throws ViewError INDEX_DAMAGED when it is not there, or not what is said of it above
   */
  read(child: Child<E, S>, after: E | null): Promise<Page<E, S>>;
}

/** What a source lacks, or has no more use for. */
export interface PageChanges<E, S> {
  readonly put: ReadonlyMap<PageId, Page<E, S>>;
  readonly remove: readonly PageId[];
}

/** Pages in memory that the source has, too. */
const KEPT = 512;

/**
 * The pages of one tree: those that the source does not have yet, and some of the others. A page that was written is never written again:
 * what changes gets another id, so a page that is read is the one that was meant.
 */
export class Pages<E, S> {
  readonly #source: PageSource<E, S> | null;
  readonly #fresh = new Map<PageId, Page<E, S>>();
  /** By last use. */
  readonly #kept = new Map<PageId, Page<E, S>>();
  #gone: Set<PageId>;
  #next: PageId;

  /** @param source null for a tree that is nowhere but in memory; @param next the first id that was never given to a page */
  constructor(source: PageSource<E, S> | null, next: PageId, gone: Iterable<PageId> = []) {
    this.#source = source;
    this.#next = next;
    this.#gone = new Set(gone);
  }

  /** The first id that was never given to a page. */
  get next(): PageId {
    return this.#next;
  }

  /** How many pages the source lacks, or has no more use for: of a page that was made anew both are said once. */
  get fresh(): number {
    return Math.max(this.#fresh.size, this.#gone.size);
  }

  /** @param after the last entry before those of the page; null for none. @throws ViewError INDEX_DAMAGED */
  async get(child: Child<E, S>, after: E | null): Promise<Page<E, S>> {
    const { id } = child;
    const known = this.#fresh.get(id) ?? this.#kept.get(id);
    if (known !== undefined) {
      if (this.#kept.delete(id)) this.#keep(id, known);
      return known;
    }
    if (this.#source === null) throw new TypeError("a tree in memory has all its pages");
    const page = await this.#source.read(child, after);
    this.#keep(id, page);
    return page;
  }

  add(page: Page<E, S>): PageId {
    const id = this.#next++;
    this.#fresh.set(id, page);
    return id;
  }

  /** @returns where it is from now on */
  replace(id: PageId, page: Page<E, S>): PageId {
    if (this.#fresh.has(id)) {
      this.#fresh.set(id, page);
      return id;
    }
    this.remove(id);
    return this.add(page);
  }

  remove(id: PageId): void {
    this.#kept.delete(id);
    if (!this.#fresh.delete(id)) this.#gone.add(id);
  }

  changes(): PageChanges<E, S> {
    return { put: new Map(this.#fresh), remove: [...this.#gone] };
  }

  /** The source has a page, which is never written again. */
  written(id: PageId): void {
    const page = this.#fresh.get(id);
    if (page === undefined) return;
    this.#fresh.delete(id);
    this.#keep(id, page);
  }

  /** The source has no more what it had no more use for. */
  removed(): void {
    this.#gone = new Set();
  }

  #keep(id: PageId, page: Page<E, S>): void {
    this.#kept.set(id, page);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(oldest);
    }
  }
}
