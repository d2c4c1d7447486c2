// The order of the elements of a list or text. Every insertion comes after another element or the head: they form a tree whose order
// is parent first, then the children, the newest first (the replicated growable array; Roh et al. 2011).
import type { DocumentHistory } from "./document-history.ts";
import { noRow } from "./op-index.ts";

/** How an element is reached within a run, or from the head: it is the element `after`, or lies below `child`, which comes after that. */
interface Way {
  readonly after: number;
  readonly child: number;
}

/**
 * Compares elements by their rows. One instance serves one change.
 * SECURITY: D12. Typed text is few long runs, and a hostile one as many runs as letters, each after the last or anywhere: a comparison takes a
 * logarithm of them. Test: mark-order.test.ts "D12 ...".
 */
export class ElementOrder {
  readonly #history: DocumentHistory;
  /** Where the rows of the change begin: newer than all it depends on, and not yet part of the history. */
  readonly #firstRow: number;
  /** How many steps up were taken so far. */
  steps = 0;

  constructor(history: DocumentHistory, firstRow: number) {
    this.#history = history;
    this.#firstRow = firstRow;
  }

  /** Whether element `a` comes before element `b`, another one of the same list; the head comes first. */
  precedes(a: number, b: number): boolean {
    if (a === b || b === noRow) return false;
    if (a === noRow) return true;
    const { ops } = this.#history;
    const [runOfA, runOfB] = [ops.runOf(a), ops.runOf(b)];
    const depth = Math.min(ops.depthOf(runOfA), ops.depthOf(runOfB));
    const [left, right] = this.#part(this.#climb(runOfA, depth), this.#climb(runOfB, depth));
    if (left !== right) return this.#isFirst(this.#branch(left), this.#branch(right));
    const wayTo = (row: number, run: number): Way =>
      run === left ? { after: row, child: noRow } : this.#branch(this.#climb(run, depth + 1));
    return this.#isFirst(wayTo(a, runOfA), wayTo(b, runOfB));
  }

  /** The run at this depth on the way from a run to the head, or the run itself. */
  #climb(from: number, depth: number): number {
    const { ops } = this.#history;
    let run = from;
    for (; ops.depthOf(run) > depth; this.steps++) {
      const far = ops.jumpOf(run);
      run = ops.depthOf(far) < depth ? ops.parentOf(run) : far;
    }
    return run;
  }

  /** Of two runs at one depth, the last on their ways to the head that differ; the same, when they are. */
  #part(a: number, b: number): readonly [number, number] {
    const { ops } = this.#history;
    let [left, right] = [a, b];
    for (; left !== right && ops.parentOf(left) !== ops.parentOf(right); this.steps++) {
      const areFarApart = ops.jumpOf(left) !== ops.jumpOf(right);
      left = areFarApart ? ops.jumpOf(left) : ops.parentOf(left);
      right = areFarApart ? ops.jumpOf(right) : ops.parentOf(right);
    }
    return [left, right];
  }

  #branch(run: number): Way {
    const child = this.#history.ops.startOf(run);
    return { after: this.#history.ops.keyOf(child), child };
  }

  /** Where one leaves the run earlier, the other goes on to the next element of the run. */
  #isFirst(a: Way, b: Way): boolean {
    if (a.after <= b.after && a.child === noRow) return true;
    if (b.after <= a.after && b.child === noRow) return false;
    return this.#isNewer(a.after <= b.after ? a.child : b.after + 1, b.after <= a.after ? b.child : a.after + 1);
  }

  #isNewer(a: number, b: number): boolean {
    if (a >= this.#firstRow || b >= this.#firstRow) return a > b;
    const left = this.#history.idOf(a);
    const right = this.#history.idOf(b);
    if (left.counter !== right.counter) return left.counter > right.counter;
    return this.#history.compareActors(left.actor, right.actor) > 0;
  }
}
