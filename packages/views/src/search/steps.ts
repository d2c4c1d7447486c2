import { ViewError } from "../errors.ts";

/** Terms and places of terms that a search looks at. */
const MOST_STEPS = 2_000_000;

/** What a search may still take. */
export class Steps {
  #left = MOST_STEPS;

  /** @throws ViewError QUERY_TOO_COSTLY */
  take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new ViewError("QUERY_TOO_COSTLY", "too many documents and words match what is looked for: say more of it");
  }
}
