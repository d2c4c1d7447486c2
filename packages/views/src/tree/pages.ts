import type { Page, PageId } from "./page.ts";

/** Where pages come from that are not in memory. */
export interface PageSource<E, S> {
  /** @throws ViewError INDEX_DAMAGED when it is not there or not as it was written */
  read(id: PageId): Promise<Page<E, S>>;
}

/** Clean pages that stay in memory. */
const KEPT = 256;

/** The pages of one tree: those that changed since they were written, and some of the others. */
export class Pages<E, S> {
  readonly #source: PageSource<E, S> | null;
  readonly #changed = new Map<PageId, Page<E, S>>();
  /** Clean ones, by last use. */
  readonly #kept = new Map<PageId, Page<E, S>>();
  readonly #gone = new Set<PageId>();
  #next: PageId;

  /** @param source null for a tree that is nowhere but in memory; @param next the first id that was never given to a page */
  constructor(source: PageSource<E, S> | null, next: PageId) {
    this.#source = source;
    this.#next = next;
  }

  get next(): PageId {
    return this.#next;
  }

  async get(id: PageId): Promise<Page<E, S>> {
    const known = this.#changed.get(id) ?? this.#kept.get(id);
    if (known !== undefined) {
      if (this.#kept.delete(id)) this.#keep(id, known);
      return known;
    }
    if (this.#source === null) throw new TypeError("a page of a tree in memory is not there");
    const page = await this.#source.read(id);
    this.#keep(id, page);
    return page;
  }

  add(page: Page<E, S>): PageId {
    const id = this.#next++;
    this.#changed.set(id, page);
    return id;
  }

  set(id: PageId, page: Page<E, S>): void {
    this.#kept.delete(id);
    this.#changed.set(id, page);
  }

  remove(id: PageId): void {
    this.#kept.delete(id);
    this.#changed.delete(id);
    this.#gone.add(id);
  }

  /** What is to be written, and removed, so that the source has all of it. */
  changes(): { readonly put: ReadonlyMap<PageId, Page<E, S>>; readonly remove: readonly PageId[] } {
    return { put: new Map(this.#changed), remove: [...this.#gone] };
  }

  /** It was written. */
  settle({ put, remove }: ReturnType<Pages<E, S>["changes"]>): void {
    for (const [id, page] of put) {
      if (this.#changed.get(id) !== page) continue;
      this.#changed.delete(id);
      this.#keep(id, page);
    }
    for (const id of remove) this.#gone.delete(id);
  }

  #keep(id: PageId, page: Page<E, S>): void {
    this.#kept.set(id, page);
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(oldest);
    }
  }
}
