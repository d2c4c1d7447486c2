import type { MovedIn } from "../follow/follower.ts";
import { encodeValue } from "../value/value-codec.ts";
import type { CategoryPath } from "./entry.ts";
import type { Expanded } from "./expanded.ts";
import { patchesOf, resetOf } from "./make-patches.ts";
import type { Moved } from "./moved.ts";
import type { ViewPatch } from "./patch.ts";
import type { Row } from "./row.ts";
import { keyOf } from "./row-key.ts";
import type { IsOpen, Rows, RowsContext } from "./rows.ts";

/** Rows that somebody was told, and hears of what changes of them. */
export interface ShownRows {
  /** What changes of them, once the indexes say what is now. @param moved null for all rows anew */
  patches(moved: readonly MovedIn<Moved>[] | null): Promise<readonly ViewPatch[]>;
}

/** What a navigator did: it opened a category or closed it, or, null, much at once. */
export type ExpansionStep = { readonly path: CategoryPath; readonly isOpen: boolean } | null;

interface ShownContext extends RowsContext {
  readonly rows: Rows;
}

/** Rows that are read at once. */
const BATCH = 64;

/** Rows of which nothing is hidden but what stands in closed categories. */
export class ExpandedRows implements ShownRows {
  readonly #at: ShownContext;
  /** What is open now; what was when rows were told last, and what happened since. */
  readonly #now: Expanded;
  #told: Expanded;
  #steps: ExpansionStep[] = [];

  constructor(at: ShownContext, now: Expanded) {
    this.#at = at;
    this.#now = now;
    this.#told = now.copy();
  }

  step(step: ExpansionStep): void {
    this.#steps.push(step);
  }

  async patches(moved: readonly MovedIn<Moved>[] | null): Promise<readonly ViewPatch[]> {
    if (moved === null || this.#steps.includes(null)) {
      this.#steps = [];
      this.#told = this.#now.copy();
      return [await resetOf({ rows: this.#at.rows, isOpen: this.#told.isOpen })];
    }
    const patches = [...(await patchesOf(moved, { ...this.#at, isOpen: this.#told.isOpen }))];
    for (const step of this.#steps.splice(0))
      if (step !== null) patches.push(...(await this.#taken(step.path, step.isOpen)));
    return patches;
  }

  async #taken(path: CategoryPath, isOpen: boolean): Promise<readonly ViewPatch[]> {
    const { isOpen: wasOpen } = this.#told;
    const isShown = path.every((_, level) => level === 0 || wasOpen(path.slice(0, level)));
    const isChanged = isShown && wasOpen(path) !== isOpen;
    const gone = isChanged && !isOpen ? await this.#rowsIn(path, wasOpen) : [];
    this.#told.set(path, isOpen);
    const come = isChanged && isOpen ? await this.#rowsIn(path, this.#told.isOpen) : [];
    let after = keyOf({ type: "category", path });
    const inserted = come.map((row): ViewPatch => {
      const patch: ViewPatch = { type: "insert", row, after };
      after = row.key;
      return patch;
    });
    return [...gone.map(({ key }): ViewPatch => ({ type: "remove", key })), ...inserted];
  }

  /** What is shown within an open category. */
  async #rowsIn(path: CategoryPath, isOpen: IsOpen): Promise<readonly Row[]> {
    const found: Row[] = [];
    let after = keyOf({ type: "category", path });
    for (;;) {
      const rows = await this.#at.rows.read(after, BATCH, isOpen);
      for (const row of rows) {
        if (row.type === "total" || row.level < path.length) return found;
        found.push(row);
        after = row.key;
      }
      if (rows.length === 0) return found;
    }
  }
}

/** Rows of which some are not visible: all that are shown are read each time, and held against those that were told. */
export class VisibleRows implements ShownRows {
  readonly #read: () => Promise<readonly Row[]>;
  #told: readonly Row[] = [];

  constructor(read: () => Promise<readonly Row[]>) {
    this.#read = read;
  }

  async patches(moved: readonly MovedIn<Moved>[] | null): Promise<readonly ViewPatch[]> {
    const [told, rows] = [this.#told, await this.#read()];
    this.#told = rows;
    return moved === null ? [{ type: "reset", rows }] : differences(told, rows);
  }
}

/** Rows stand in the order of their keys, so none moves and keeps its key. */
function differences(before: readonly Row[], after: readonly Row[]): readonly ViewPatch[] {
  const left = new Map(before.map((row) => [row.key, row]));
  const patches: ViewPatch[] = [];
  let last: string | null = null;
  for (const row of after) {
    const known = left.get(row.key);
    left.delete(row.key);
    if (known === undefined) patches.push({ type: "insert", row, after: last });
    else if (textOf(known) !== textOf(row)) patches.push({ type: "update", row });
    last = row.key;
  }
  return [...[...left.keys()].map((key): ViewPatch => ({ type: "remove", key })), ...patches];
}

function textOf({ level, documents, values }: Row): string {
  return JSON.stringify([level, documents, Object.entries(values).map(([name, value]) => [name, encodeValue(value)])]);
}
