import { equalBytes } from "@selkie/entry";
import { unsupported } from "./values.ts";

type Whole = Date | Uint8Array;

/** Dates and bytes of a draft that were handed to its callback: copies, so that what is changed in them reaches nobody. */
export class HandedOut {
  /** Null before the first: most changes ask for none. */
  #asHanded: Map<Whole, { readonly as: Whole; readonly path: readonly (string | number)[] }> | null = null;

  static isWhole(value: unknown): value is Whole {
    return value instanceof Date || value instanceof Uint8Array;
  }

  hand(value: Whole, path: readonly (string | number)[]): Whole {
    this.#asHanded ??= new Map();
    this.#asHanded.set(value, { as: copyOf(value), path });
    return value;
  }

  /** It was assigned, with all that is in it, as it is by now. */
  assigned(value: unknown): void {
    if (this.#asHanded === null || typeof value !== "object" || value === null) return;
    if (!HandedOut.isWhole(value)) {
      for (const item of Object.values(value)) this.assigned(item);
      return;
    }
    const handed = this.#asHanded.get(value);
    if (handed !== undefined) this.hand(value, handed.path);
  }

  /** @throws CoreError VALUE_UNSUPPORTED when one was changed and not assigned */
  requireWhole(): void {
    for (const [value, { as, path }] of this.#asHanded ?? [])
      if (!isSame(value, as))
        throw unsupported("a date, or bytes, changed in place instead of assigned as a whole", path);
  }
}

const copyOf = (value: Whole): Whole => (value instanceof Date ? new Date(value) : value.slice());

function isSame(one: Whole, other: Whole): boolean {
  if (one instanceof Date) return other instanceof Date && Object.is(one.getTime(), other.getTime());
  return other instanceof Uint8Array && equalBytes(one, other);
}
