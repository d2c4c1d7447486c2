import type { Off } from "@selkie/core";
import { ViewError } from "../errors.ts";
import { limitIn } from "../value/limit.ts";
import type { CategoryPath } from "./entry.ts";
import { Expanded } from "./expanded.ts";
import type { Navigator, NavigatorOptions, RowRange } from "./navigator.ts";
import type { ViewPatch } from "./patch.ts";
import type { Row } from "./row.ts";
import type { RowFinder } from "./row-finder.ts";
import { type Keyed, keyOf, readKey } from "./row-key.ts";
import type { Rows, RowsContext } from "./rows.ts";
import { ExpandedRows, type ExpansionStep, type ShownRows, VisibleRows } from "./shown-rows.ts";

/** Somebody who is told rows. */
export interface Watching {
  /** Looks whether something has changed. */
  readonly look: () => void;
  readonly off: Off;
}

export interface NavigatorContext extends RowsContext {
  readonly rows: Rows;
  readonly finder: RowFinder;
  /** Runs what reads the view, once it shows what its databases hold. */
  read<Result>(job: () => Promise<Result>): Promise<Result>;
  /** Tells somebody all rows soon, and then what changes of them. */
  watch(shown: ShownRows, listener: (patches: readonly ViewPatch[]) => void): Watching;
}

/** Rows that are read at once. */
const BATCH = 64;

/** Rows that were read together. */
interface Page {
  readonly shown: readonly Row[];
  /** The key of the last one that was read; null when nothing follows. */
  readonly last: string | null;
}

/** The one implementation of `Navigator`. */
export class OpenNavigator implements Navigator {
  readonly #at: NavigatorContext;
  readonly #isVisible: ((document: Row) => boolean) | null;
  readonly #selection = new Set<string>();
  readonly #expanded: Expanded;
  readonly #watched = new Set<{ readonly look: () => void; readonly step: (step: ExpansionStep) => void }>();
  #current: Row | null = null;

  constructor(at: NavigatorContext, { expand = Number.POSITIVE_INFINITY, isVisible }: NavigatorOptions = {}) {
    this.#at = at;
    this.#expanded = new Expanded(expand);
    this.#isVisible = isVisible ?? null;
  }

  get current(): Row | null {
    return this.#current;
  }

  get selection(): ReadonlySet<string> {
    return this.#selection;
  }

  first(): Promise<Row | null> {
    return this.#go(() => this.#after(null));
  }

  last(): Promise<Row | null> {
    return this.#go(() => this.#at.rows.total());
  }

  next(): Promise<Row | null> {
    return this.#go((from) => this.#after(from?.key ?? null));
  }

  previous(): Promise<Row | null> {
    return this.#go((from) => (from === null ? null : this.#before(from.key)));
  }

  parent(): Promise<Row | null> {
    return this.#go((from) => {
      const above = from === null ? null : rowAbove(readKey(from.key));
      return above === null ? null : this.#at.finder.row(keyOf(above));
    });
  }

  child(): Promise<Row | null> {
    return this.#go(async (from) => {
      if (from === null) return null;
      if (from.type === "category") this.expand(from.key);
      const row = await this.#after(from.key);
      return row !== null && row.level > from.level ? row : null;
    });
  }

  goTo(key: string): Promise<Row | null> {
    return this.#goInto(() => this.#at.finder.row(key));
  }

  find(...values: readonly unknown[]): Promise<Row | null> {
    return this.#goInto(() => this.#at.finder.find(values));
  }

  goToPosition(position: number): Promise<Row | null> {
    return this.#goInto(() => this.#at.finder.at(position));
  }

  position(): Promise<number> {
    return this.#at.read(async () => (this.#current === null ? 0 : this.#at.finder.positionOf(this.#current.key)));
  }

  expand(key: string): void {
    this.#open(categoryIn(key), true);
  }

  collapse(key: string): void {
    this.#open(categoryIn(key), false);
  }

  expandTo(levels: number): void {
    this.#expanded.expandTo(levels);
    this.#stepped(null);
  }

  async *rows({ from, to, limit }: RowRange = {}): AsyncIterable<Row> {
    let left = limitIn(limit);
    let next: Page | null = await this.#at.read(() => this.#firstPage(from ?? null));
    while (next !== null) {
      for (const row of next.shown) {
        if (left <= 0 || (to !== undefined && this.#at.finder.compare(row.key, to) > 0)) return;
        yield row;
        left -= 1;
      }
      const last: string | null = next.last;
      next = last === null ? null : await this.#at.read(() => this.#page(last));
    }
  }

  select(...keys: readonly string[]): void {
    for (const key of keys) {
      readKey(key);
      this.#selection.add(key);
    }
  }

  deselect(...keys: readonly string[]): void {
    for (const key of keys) this.#selection.delete(key);
  }

  async selectRange(range: RowRange): Promise<void> {
    for await (const { key } of this.rows(range)) this.#selection.add(key);
  }

  subscribe(listener: (patches: readonly ViewPatch[]) => void): Off {
    const expanded = this.#isVisible === null ? new ExpandedRows(this.#at, this.#expanded) : null;
    const { off, look } = this.#at.watch(expanded ?? new VisibleRows(() => this.#allShown()), listener);
    const watched = { look, step: (step: ExpansionStep) => expanded?.step(step) };
    this.#watched.add(watched);
    return () => {
      this.#watched.delete(watched);
      off();
    };
  }

  /** @param find gives null where there is nothing to go to */
  #go(find: (from: Row | null) => Promise<Row | null> | null): Promise<Row | null> {
    return this.#at.read(async () => {
      const row = await find(this.#current);
      if (row !== null) this.#current = row;
      return row;
    });
  }

  /** Opens the categories that it stands in. */
  #goInto(find: () => Promise<Row | null>): Promise<Row | null> {
    return this.#go(async () => {
      const row = await find();
      if (row === null || !(await this.#isShown(row))) return null;
      const path = pathAbove(readKey(row.key));
      for (let level = 1; level <= path.length; level++) this.#open(path.slice(0, level), true);
      return row;
    });
  }

  #open(path: CategoryPath, isOpen: boolean): void {
    if (this.#expanded.isOpen(path) === isOpen) return;
    this.#expanded.set(path, isOpen);
    this.#stepped({ path, isOpen });
  }

  #stepped(step: ExpansionStep): void {
    for (const one of this.#watched) {
      one.step(step);
      one.look();
    }
  }

  async #allShown(): Promise<readonly Row[]> {
    const all: Row[] = [];
    for (let after: string | null = null; ; ) {
      const { shown, last }: Page = await this.#page(after);
      for (const row of shown) all.push(row);
      if (last === null) return all;
      after = last;
    }
  }

  /** From a row on, or from where it was. */
  async #firstPage(from: string | null): Promise<Page> {
    const row = from === null ? null : await this.#at.finder.row(from);
    if (row === null) return await this.#page(from);
    return { shown: (await this.#isShown(row)) ? [row] : [], last: row.type === "total" ? null : row.key };
  }

  async #page(after: string | null): Promise<Page> {
    const rows = await this.#read(after, BATCH);
    const shown: Row[] = [];
    for (const row of rows) if (await this.#isShown(row)) shown.push(row);
    const last = rows.at(-1);
    return { shown, last: last === undefined || last.type === "total" ? null : last.key };
  }

  #read(after: string | null, limit: number): Promise<readonly Row[]> {
    return this.#at.rows.read(after, limit, this.#expanded.isOpen);
  }

  async #after(key: string | null): Promise<Row | null> {
    let from = key;
    for (let count = 1; ; count = BATCH) {
      const rows = await this.#read(from, count);
      for (const row of rows) if (await this.#isShown(row)) return row;
      const last = rows.at(-1);
      if (last === undefined || last.type === "total") return null;
      from = last.key;
    }
  }

  async #before(key: string): Promise<Row | null> {
    let row = await this.#at.finder.before(key, this.#expanded.isOpen);
    while (row !== null && !(await this.#isShown(row)))
      row = await this.#at.finder.before(row.key, this.#expanded.isOpen);
    return row;
  }

  async #isShown(row: Row): Promise<boolean> {
    if (this.#isVisible === null || row.type === "total") return true;
    return row.type === "document" ? this.#isVisible(row) : this.#holdsVisible(row, this.#isVisible);
  }

  async #holdsVisible(category: Row, isVisible: (document: Row) => boolean): Promise<boolean> {
    let after = category.key;
    for (;;) {
      const rows = await this.#at.rows.read(after, BATCH, () => true);
      for (const row of rows) {
        if (row.type === "total" || row.level <= category.level) return false;
        if (row.type === "document" && isVisible(row)) return true;
      }
      after = rows.at(-1)?.key ?? after;
      if (rows.length === 0) return false;
    }
  }
}

/** The document that a row stands beneath, or its category; null for one at the top. */
function rowAbove(keyed: Keyed): Keyed | null {
  if (keyed.type === "document") {
    const { entry, source } = keyed.located;
    const [own, ...others] = (entry.above ?? []).toReversed();
    const above = others.length === 0 ? {} : { above: others.toReversed() };
    if (own !== undefined)
      return { type: "document", located: { source, entry: { ...own, path: entry.path, values: [], ...above } } };
  }
  const path = pathAbove(keyed);
  return path.length === 0 ? null : { type: "category", path };
}

/** The category that a row stands in; empty for one at the top. */
function pathAbove(keyed: Keyed): CategoryPath {
  if (keyed.type === "total") return [];
  return keyed.type === "category" ? keyed.path.slice(0, -1) : keyed.located.entry.path;
}

/** @throws ViewError KEY_INVALID */
function categoryIn(key: string): CategoryPath {
  const keyed = readKey(key);
  if (keyed.type !== "category") throw new ViewError("KEY_INVALID", "only a category opens and closes");
  return keyed.path;
}
