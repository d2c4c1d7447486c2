// What a part makes those do who read it. A few bytes may stand for very many operations, so bytes bound nothing: operations do, those
// of all parts of an entry together. `docs/spec/change.md` section 3; decision 36 says why it is counted part by part.
import type { ChangeChunk, Sha256 } from "./change-chunk.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits, mostPlainOps } from "./change-limits.ts";
import { countPreds, placeWork } from "./op-work.ts";

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

type Counted = Pick<ChangeChunk, "opCount" | "columns">;

/**
 * Whether a part may hold a change, alone in its entry.
 * INVARIANT: what does not fit is refused where it is made. Test: op-work.test.ts "D12 ...".
 */
export function fitsAnEntry(change: Counted): boolean {
  return PartWork.of(change).total <= changeLimits.entryWork;
}

/** The same for a plain change, of which only this is known: how many predecessors it has at most. */
export function plainFits(preds: number): boolean {
  // Each operation is in another object, of another actor; each predecessor elsewhere and another actor's, and its key is compared.
  return leastWork + 4 * mostPlainOps + 5 * preds <= changeLimits.entryWork;
}

/** Adds up what is in one part. */
export class PartWork {
  /** There is always one: V8 drops the code that it compiled for a class when a full collection finds no object of it. */
  static readonly none: PartWork = new PartWork();

  #changes = 0;
  #ops = 0;
  #preds = 0;
  #places = 0;

  static of(change: Counted): PartWork {
    const work = new PartWork();
    work.addChange(change);
    return work;
  }

  /** Operations replace something, or do not: what costs most is either. */
  get total(): number {
    return PART + this.#changes * CHANGE + Math.max(this.#ops, this.#preds) + this.#places;
  }

  /** What it would be with one change more. */
  totalWith(change: Counted): number {
    const work = PartWork.of(change);
    work.add(this.#changes, this.#ops, this.#preds);
    return work.total + this.#places;
  }

  add(changes: number, ops: number, preds: number): void {
    this.#changes += changes;
    this.#ops += ops;
    this.#preds += preds;
  }

  /** @param places `placeWork` */
  addPlaces(places: number): void {
    this.#places += places;
  }

  addChange({ opCount, columns }: Counted): void {
    this.add(1, opCount, countPreds(columns));
    this.addPlaces(placeWork(columns));
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
  spendChange(change: Counted): void {
    this.#work.addChange(change);
    this.#check();
  }

  /** The same for some of what changes hold. @throws ChangeError `CHANGE_TOO_LARGE` */
  spendWork(changes: number, ops: number, preds: number): void {
    this.#work.add(changes, ops, preds);
    this.#check();
  }

  /** The rest of it: what only a rebuilt change shows. @throws ChangeError `CHANGE_TOO_LARGE` */
  spendPlaces({ columns }: Counted): void {
    this.#work.addPlaces(placeWork(columns));
    this.#check();
  }

  /** Counts one more rebuilt change. @throws ChangeError `CHANGE_TOO_LARGE` */
  spendBytes(change: Uint8Array): void {
    this.#changes++;
    this.#bytes += change.length;
    if (this.#changes > changeLimits.changesInPart || this.#bytes > changeLimits.partBytes)
      throw tooLarge("a part holds too many changes");
  }

  #check(): void {
    if (this.#work.total > this.#most) throw tooLarge("a part makes more work than its share of an entry's");
  }
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
