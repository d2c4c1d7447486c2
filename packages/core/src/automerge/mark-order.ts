// Marks come in pairs: the beginning, then its end as the very next operation, in the same text and at a later place.
//
// SECURITY: Automerge 3.5 applies any other pair and then refuses to load the document. Tests: mark-order.test.ts.
import { ChangeError } from "./change-error.ts";
import { action, type Op } from "./change-op.ts";
import type { DocumentHistory } from "./document-history.ts";
import { ElementOrder } from "./element-order.ts";
import { noRow } from "./op-index.ts";

/** Follows the operations of one change and throws `CHANGE_BAD_MARK` at a mark out of place. */
export class MarkOrder {
  readonly #history: DocumentHistory;
  /** Where the rows of the change begin. */
  readonly #firstRow: number;
  /** Rows of the beginnings; each end is in the row after. */
  readonly #begins: number[] = [];
  #open = false;

  constructor(history: DocumentHistory, firstRow: number) {
    this.#history = history;
    this.#firstRow = firstRow;
  }

  /** `row` is where the operation was added. */
  follow(op: Op, row: number): void {
    const isMark = op.action === action.mark;
    if (this.#open !== (isMark && op.markName === null)) throw badMark("a mark begins or ends alone");
    this.#open = isMark && op.markName !== null;
    if (this.#open) this.#begins.push(row);
  }

  /** Checks the places of all pairs, once all operations are there. */
  finish(): void {
    if (this.#begins.length === 0) return;
    const { ops } = this.#history;
    const order = new ElementOrder(this.#history, this.#firstRow);
    for (const begin of this.#begins) {
      // Where the last beginning has no end, there is no row, and so no text.
      const end = begin + 1;
      if (ops.objectOf(begin) !== ops.objectOf(end)) throw badMark("a mark does not end in its text");
      // Right after its beginning, or after any element behind the one that the beginning comes after: the end is the newer of
      // the two, so after the same element it would stand in front.
      const after = ops.keyOf(end);
      if (after !== begin && (after === noRow || !order.precedes(ops.keyOf(begin), after)))
        throw badMark("a mark ends before it begins");
    }
  }
}

function badMark(message: string): ChangeError {
  return new ChangeError("CHANGE_BAD_MARK", message);
}
