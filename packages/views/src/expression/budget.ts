import { ViewError } from "../errors.ts";

/** Steps that an expression may take with one document: a step is a call, or 32 characters that are looked at or made. */
const STEPS = 20_000;

const CHARACTERS_A_STEP = 32;

/** What is left to an expression; whoever does work takes from it first. */
export class Budget {
  #steps = STEPS;

  /** For the next document. */
  renew(): void {
    this.#steps = STEPS;
  }

  /** @throws ViewError EXPRESSION_TOO_COSTLY */
  take(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new ViewError("EXPRESSION_TOO_COSTLY", `the expression takes more than ${STEPS} steps`);
  }

  /** For work on a text. @throws ViewError EXPRESSION_TOO_COSTLY */
  takeText(characters: number): void {
    this.take(Math.ceil(characters / CHARACTERS_A_STEP));
  }
}
