import type { MovedIn } from "../follow/follower.ts";
import type { Compare } from "../value/order.ts";
import { startOf } from "./bounds.ts";
import { type CategoryPath, type Entry, entryOrder, pathOrder } from "./entry.ts";
import type { Bound, Located } from "./merged-index.ts";
import { type Moved, type MovedDocument, movedAtOnce } from "./moved.ts";
import type { ViewPatch } from "./patch.ts";
import type { Row } from "./row.ts";
import { keyOf } from "./row-key.ts";
import type { IsOpen, Rows, RowsContext } from "./rows.ts";

/** Entries that are told one by one: two of each document that moved, where it stands in one category. */
const MOST_ENTRIES = 400;

export interface PatchContext extends RowsContext {
  readonly rows: Rows;
  /** What the rows are that the patches are for. */
  readonly isOpen: IsOpen;
}

/** A row that is new where it stands. */
interface Placed {
  readonly path: CategoryPath;
  /** Null for a category. */
  readonly located: Located | null;
  /** The key of the row that moves here; null for a row that is new. */
  readonly from: string | null;
  readonly row: Row;
}

/** A category that something came to or went from. */
interface Touched {
  readonly path: CategoryPath;
  readonly gained: number;
}

/** What became of the rows that are shown, once the indexes say what is now. */
export async function patchesOf(moved: readonly MovedIn<Moved>[], at: PatchContext): Promise<readonly ViewPatch[]> {
  if (moved.length === 0) return [];
  const documents: readonly MovedIn<MovedDocument>[] = [...Map.groupBy(moved, ({ source }) => source)].flatMap(
    ([source, some]) => movedAtOnce(some).map((one) => ({ ...one, source })),
  );
  if (documents.reduce((sum, { gone, come }) => sum + gone.length + come.length, 0) > MOST_ENTRIES)
    return [await resetOf(at)];
  return new PatchMaker(at).make(documents);
}

/** All rows there are. */
export async function resetOf({ rows, isOpen }: Pick<PatchContext, "rows" | "isOpen">): Promise<ViewPatch> {
  return { type: "reset", rows: await rows.read(null, Number.POSITIVE_INFINITY, isOpen) };
}

class PatchMaker {
  readonly #at: PatchContext;
  readonly #order: Compare<Entry>;
  readonly #paths: Compare<CategoryPath>;
  readonly #removed: ViewPatch[] = [];
  readonly #updated: ViewPatch[] = [];
  readonly #placed: Placed[] = [];

  constructor(at: PatchContext) {
    this.#at = at;
    this.#order = entryOrder(at.columns);
    this.#paths = pathOrder(at.columns);
  }

  async make(moved: readonly MovedIn<MovedDocument>[]): Promise<readonly ViewPatch[]> {
    for (const one of moved) this.#documents(one);
    for (const touched of this.#touched(moved)) await this.#category(touched);
    const inOrder = this.#placed.toSorted((a, b) => this.#inView(a, b));
    const placed: ViewPatch[] = [];
    for (const { row, from, ...place } of inOrder) {
      const after = await this.#keyBefore(place);
      placed.push(from === null ? { type: "insert", row, after } : { type: "move", key: from, row, after });
    }
    return [...this.#removed, ...this.#updated, ...placed, { type: "update", row: await this.#at.rows.total() }];
  }

  #documents({ gone, come, source }: MovedIn<MovedDocument>): void {
    for (const entry of gone) {
      const stays = come.some(({ path }) => this.#paths(path, entry.path) === 0);
      if (!stays && this.#shows(entry.path))
        this.#removed.push({ type: "remove", key: this.#keyOf({ entry, source }) });
    }
    for (const entry of come) {
      if (!this.#shows(entry.path)) continue;
      const located: Located = { entry, source };
      const row = this.#at.rows.document(located);
      const before = gone.find(({ path }) => this.#paths(path, entry.path) === 0);
      if (before !== undefined && this.#order(before, entry) === 0) this.#updated.push({ type: "update", row });
      else {
        const from = before === undefined ? null : this.#keyOf({ entry: before, source });
        this.#placed.push({ path: entry.path, located, from, row });
      }
    }
  }

  /** The categories that something came to or went from, once each, and how many entries they gained. */
  #touched(moved: readonly MovedIn<MovedDocument>[]): readonly Touched[] {
    const each = (entries: readonly Entry[], gained: number): readonly Touched[] =>
      entries.flatMap(({ path }) => path.map((_, level) => ({ path: path.slice(0, level + 1), gained })));
    const all = moved.flatMap(({ gone, come }) => [...each(gone, -1), ...each(come, 1)]);
    const touched: Touched[] = [];
    for (const one of all.sort((a, b) => this.#paths(a.path, b.path))) {
      const last = touched.at(-1);
      if (last === undefined || this.#paths(last.path, one.path) !== 0) touched.push(one);
      else touched[touched.length - 1] = { path: one.path, gained: last.gained + one.gained };
    }
    return touched;
  }

  async #category({ path, gained }: Touched): Promise<void> {
    if (!this.#shows(path.slice(0, -1))) return;
    const row = await this.#at.rows.category(path);
    const before = row.documents - gained;
    if (row.documents === 0) {
      if (before > 0) this.#removed.push({ type: "remove", key: row.key });
    } else if (before > 0) this.#updated.push({ type: "update", row });
    else this.#placed.push({ path, located: null, from: null, row });
  }

  /** The row before one, as they are now. */
  async #keyBefore({ path, located }: Pick<Placed, "path" | "located">): Promise<string | null> {
    const { index, isOpen } = this.#at;
    const bound: Bound = located === null ? startOf(path, this.#paths) : index.before(located);
    const [last] = await index.previous(bound, 1);
    const within = located === null ? path.slice(0, -1) : path;
    if (last === undefined || !this.#isUnder(last.entry.path, within)) {
      return within.length === 0 ? null : keyOf({ type: "category", path: within });
    }
    for (let level = within.length + 1; level <= last.entry.path.length; level++) {
      const category = last.entry.path.slice(0, level);
      if (!isOpen(category)) return keyOf({ type: "category", path: category });
    }
    return this.#keyOf(last);
  }

  /** Whether what stands in a category itself is shown. */
  #shows(path: CategoryPath): boolean {
    return path.every((_, level) => this.#at.isOpen(path.slice(0, level + 1)));
  }

  #isUnder(path: CategoryPath, category: CategoryPath): boolean {
    return this.#paths(path.slice(0, category.length), category) === 0;
  }

  #keyOf(located: Located): string {
    return keyOf({ type: "document", located });
  }

  #inView(a: Placed, b: Placed): number {
    const byPath = this.#paths(a.path, b.path);
    if (byPath !== 0 || a.located === null || b.located === null) {
      return byPath || Number(b.located === null) - Number(a.located === null);
    }
    return this.#at.index.compare(a.located, b.located);
  }
}
