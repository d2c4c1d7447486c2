import { CoreError } from "../errors.ts";
import { largestInteger } from "./change-limits.ts";
import { isCounter as isMarkedCounter } from "./values.ts";

/** A number that several people add to at the same time without losing what another added. */
export interface Counter {
  /** How far it has counted. Of what several counted to beyond 2^53 - 2 together, the nearest number: only a new counter takes its place then. */
  readonly value: number;
  /** Adds, by default 1; only in a change callback. Returns the new value. @throws CoreError CHANGE_CLOSED | VALUE_UNSUPPORTED */
  increment(by?: number): number;
  /** Takes away, by default 1; only in a change callback. Returns the new value. @throws the same */
  decrement(by?: number): number;
  valueOf(): number;
}

/** A counter for a new document, or to be assigned in a change. Two devices that assign one each have a conflict, as with any value. */
export function counter(start = 0): Counter {
  return new NewCounter(start);
}

/**
 * A counter of a document as the document shows it: it is read, and says so when somebody counts. Automerge's own is a BigInt beyond what a
 * number says, which `JSON.stringify` and arithmetic refuse.
 */
export function shownCounter({ value }: Counter): Counter {
  return Object.freeze(new NewCounter(Number(value)));
}

/** Whether a value is a counter, of a document or to be put into one: what a schema asks. */
export function isCounter(value: unknown): value is Counter {
  return typeof value === "object" && value !== null && isMarkedCounter(value);
}

/** A counter of the document that is being edited; `begin` is called before each edit, and throws when it is too late for one. */
export function draftCounter(live: Counter, begin: () => void): Counter {
  return new LiveCounter(live, begin);
}

/** What Automerge takes for one of its own, without WebAssembly being loaded. */
abstract class AnyCounter implements Counter {
  abstract readonly value: number;

  constructor() {
    Object.defineProperty(this, Symbol.for("_am_counter"), { value: true });
  }

  abstract increment(by?: number): number;
  abstract decrement(by?: number): number;

  valueOf(): number {
    return this.value;
  }

  toJSON(): number {
    return this.value;
  }
}

class NewCounter extends AnyCounter {
  readonly value: number;

  constructor(value: number) {
    super();
    this.value = value;
  }

  increment(): never {
    throw new CoreError("CHANGE_CLOSED", "a counter counts within a change of the document that holds it");
  }

  decrement(): never {
    return this.increment();
  }
}

class LiveCounter extends AnyCounter {
  readonly #live: Counter;
  readonly #begin: () => void;

  constructor(live: Counter, begin: () => void) {
    super();
    this.#live = live;
    this.#begin = begin;
  }

  get value(): number {
    return Number(this.#live.value);
  }

  increment(by = 1): number {
    this.#begin();
    // What several counted together may be beyond it already: whatever is added to the nearest number is lost, or wrong.
    if (!Number.isInteger(by) || [this.value, this.value + by].some((value) => Math.abs(value) > largestInteger))
      throw new CoreError("VALUE_UNSUPPORTED", "a counter counts in whole numbers, up to 2^53 - 2");
    return this.#live.increment(by);
  }

  decrement(by = 1): number {
    return this.increment(-by);
  }
}
