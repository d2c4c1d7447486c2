// What a part makes those do who read it. A few bytes may stand for very many operations, so bytes bound nothing: operations do, those
// of all parts of an entry together. `docs/spec/change.md` section 3; decision 36 says why it is counted part by part.
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { type ColumnTable, column, columnEnd, columnStart } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import { countRows } from "./column-reader.ts";

/** What opening a part costs, and a change in it, in operations. */
const PART = 200;
const CHANGE = 16;

/** Of a part with one change that does nothing. */
export const leastWork: number = PART + CHANGE;

/**
 * The most work of each part of an entry that has this many.
 * INVARIANT: it follows from the entry's frame, which purging and withholding leave as it is, and never from what is in other parts: so
 * replicas that hold different parts agree. Test: entry-work.test.ts "D12 ...".
 */
export function mostWorkIn(changeParts: number): number {
  return Math.floor(changeLimits.entryWork / changeParts);
}

/** Predecessors of all operations, counted without expanding them. @throws ChangeError `CHANGE_TOO_LARGE` */
export function countPreds(columns: ColumnTable): number {
  const start = columnStart(columns, column.predActor);
  return countRows(columns.bytes, start, columnEnd(columns, column.predActor), changeLimits.preds);
}

type Counted = Pick<ChangeChunk, "opCount" | "columns">;

/** Adds up what is in one part. */
export class PartWork {
  /** There is always one: V8 drops the code that it compiled for a class when a full collection finds no object of it. */
  static readonly none: PartWork = new PartWork();

  #changes = 0;
  #ops = 0;
  #preds = 0;

  static of(change: Counted): PartWork {
    const work = new PartWork();
    work.addChange(change);
    return work;
  }

  get total(): number {
    return total(this.#changes, this.#ops, this.#preds);
  }

  /** What it would be with one change more. */
  totalWith({ opCount, columns }: Counted): number {
    return total(this.#changes + 1, this.#ops + opCount, this.#preds + countPreds(columns));
  }

  add(changes: number, ops: number, preds: number): void {
    this.#changes += changes;
    this.#ops += ops;
    this.#preds += preds;
  }

  addChange({ opCount, columns }: Counted): void {
    this.add(1, opCount, countPreds(columns));
  }
}

/**
 * What one part may be rebuilt into.
 *
 * SECURITY: a few bytes may stand for many. Tests: change-codec.test.ts "D4 ..." and "D12 ...".
 */
export class PartBudget {
  /** There is always one, as of `PartWork`. */
  static readonly none: PartBudget = new PartBudget(0);

  readonly #most: number;
  readonly #work = new PartWork();
  #changes = 0;
  #bytes = 0;

  /** @param most work, `mostWorkIn` */
  constructor(most: number) {
    this.#most = most;
  }

  /** Asked before anything of it is rebuilt. @throws ChangeError `CHANGE_TOO_LARGE` */
  spendWork(changes: number, ops: number, preds: number): void {
    this.#work.add(changes, ops, preds);
    if (this.#work.total > this.#most) throw tooLarge("a part makes more work than its share of an entry's");
  }

  /** Counts one more rebuilt change. @throws ChangeError `CHANGE_TOO_LARGE` */
  spendBytes(change: Uint8Array): void {
    this.#changes++;
    this.#bytes += change.length;
    if (this.#changes > changeLimits.changesInPart || this.#bytes > changeLimits.partBytes)
      throw tooLarge("a part holds too many changes");
  }
}

/** A change has operations with predecessors or without: what costs most is either. */
function total(changes: number, ops: number, preds: number): number {
  return PART + changes * CHANGE + Math.max(ops, preds);
}

/** What the changes of a part are rebuilt with. */
export interface Rebuilding {
  /** The actor that the part's writer has in its document. */
  readonly actor: Uint8Array;
  readonly budget: PartBudget;
  readonly sha256: Sha256;
}

function tooLarge(message: string): ChangeError {
  return new ChangeError("CHANGE_TOO_LARGE", message);
}
