// The order of the elements of a list or text. Every insertion comes after another element or the head: they form a tree whose order
// is parent first, then the children, the newest first (the replicated growable array; Roh et al. 2011).
import type { DocumentHistory } from "./document-history.ts";
import { noRow } from "./op-index.ts";

/** Compares elements by their rows. One instance serves one change. */
export class ElementOrder {
  readonly #history: DocumentHistory;
  /** Where the rows of the change begin: newer than all it depends on, and not yet part of the history. */
  readonly #firstRow: number;
  #stepsLeft: number;
  #places: Int32Array | null = null;

  /**
   * SECURITY: a hostile text can be one deep path. After `steps`, when climbing has cost about half of what numbering all elements does,
   * they are numbered. Test: gate-limits.test.ts "D12 bounds the cost of marks in a text built to be slow".
   */
  constructor(history: DocumentHistory, firstRow: number, steps: number = history.ops.count / 4) {
    this.#history = history;
    this.#firstRow = firstRow;
    this.#stepsLeft = steps;
  }

  /** Whether element `a` comes before element `b`, another one of the same list; the head comes first. */
  precedes(a: number, b: number): boolean {
    if (a === b || b === noRow) return false;
    if (a === noRow) return true;
    if (this.#places === null && this.#stepsLeft <= 0) this.#places = numberElements(this.#history, this.#firstRow);
    if (this.#places !== null) return (this.#places[a] ?? 0) < (this.#places[b] ?? 0);
    return this.#climb(a, b);
  }

  /** Finds where the two paths to the head part. A path is climbed run by run, since typed text is one long path. */
  #climb(a: number, b: number): boolean {
    const { ops } = this.#history;
    const pathOfA = new Map<number, readonly [row: number, child: number]>();
    let child = noRow;
    for (let row = a; row !== noRow; row = ops.keyOf(child)) {
      pathOfA.set(ops.runStartOf(row), [row, child]);
      child = ops.runStartOf(row);
      this.#stepsLeft--;
    }
    let childOfA = child;
    let childOfB = noRow;
    for (let row = b; row !== noRow; row = ops.keyOf(childOfB)) {
      const start = ops.runStartOf(row);
      const met = pathOfA.get(start);
      if (met !== undefined) {
        const [rowOfA, below] = met;
        // Where one leaves the run earlier, the other goes on to the next element of the run.
        childOfA = rowOfA <= row ? below : row + 1;
        if (rowOfA < row) childOfB = rowOfA + 1;
        break;
      }
      childOfB = start;
      this.#stepsLeft--;
    }
    if (childOfA === noRow) return true;
    return childOfB !== noRow && this.#isNewer(childOfA, childOfB);
  }

  #isNewer(a: number, b: number): boolean {
    if (a >= this.#firstRow || b >= this.#firstRow) return a > b;
    const left = this.#history.idOf(a);
    const right = this.#history.idOf(b);
    if (left.counter !== right.counter) return left.counter > right.counter;
    return this.#history.compareActors(left.actor, right.actor) > 0;
  }
}

/** The place of every element in its list, by row. */
function numberElements(history: DocumentHistory, firstRow: number): Int32Array {
  const { ops } = history;
  const firstChild = new Int32Array(ops.count).fill(noRow);
  const nextSibling = new Int32Array(ops.count).fill(noRow);
  const firstByObject = new Map<number, number>();
  for (const row of insertionsByAge(history, firstRow)) {
    const parent = ops.keyOf(row);
    if (parent === noRow) {
      nextSibling[row] = firstByObject.get(ops.objectOf(row)) ?? noRow;
      firstByObject.set(ops.objectOf(row), row);
    } else {
      nextSibling[row] = firstChild[parent] ?? noRow;
      firstChild[parent] = row;
    }
  }
  const places = new Int32Array(ops.count);
  let place = 0;
  for (const first of firstByObject.values()) {
    const waiting = [first];
    for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
      places[row] = place++;
      const sibling = nextSibling[row] ?? noRow;
      if (sibling !== noRow) waiting.push(sibling);
      const child = firstChild[row] ?? noRow;
      if (child !== noRow) waiting.push(child);
    }
  }
  return places;
}

/** Rows of all insertions, oldest id first; those from `firstRow` on are the newest. */
function insertionsByAge(history: DocumentHistory, firstRow: number): readonly number[] {
  const { ops } = history;
  const rows: number[] = [];
  const counters = new Float64Array(firstRow);
  const actors = new Int32Array(firstRow);
  for (let row = 0; row < firstRow; row++) {
    if (!ops.isInsert(row)) continue;
    const id = history.idOf(row);
    counters[row] = id.counter;
    actors[row] = id.actor;
    rows.push(row);
  }
  rows.sort((a, b) => (counters[a] ?? 0) - (counters[b] ?? 0) || history.compareActors(actors[a] ?? 0, actors[b] ?? 0));
  for (let row = firstRow; row < ops.count; row++) if (ops.isInsert(row)) rows.push(row);
  return rows;
}
