/** What a key does: removes so many letters at a place of the text, and puts others there. */
export interface Keystroke {
  readonly at: number;
  readonly deleted: number;
  readonly typed: string;
}

const WORDS =
  "the quick brown fox jumps over a lazy dog while seventeen engineers argue whether any relay may ever see plaintext and nobody notices that their coffee went cold".split(
    " ",
  );

/** Somebody who types prose, takes letters back now and then, and goes to another place of the text. The same seed types the same. */
export class Prose {
  #state: number;
  #length = 0;
  #at = 0;
  #left = "";

  constructor(seed: number) {
    this.#state = seed + 1;
  }

  next(): Keystroke {
    if (this.#left === "") this.#left = (WORDS[this.#below(WORDS.length)] ?? "") + (this.#below(9) === 0 ? ". " : " ");
    if (this.#below(150) === 0) this.#at = this.#below(this.#length + 1);
    if (this.#at > 3 && this.#below(12) === 0) {
      this.#at -= 1;
      this.#length -= 1;
      return { at: this.#at, deleted: 1, typed: "" };
    }
    const typed = this.#left.slice(0, 1);
    this.#left = this.#left.slice(1);
    this.#at += 1;
    this.#length += 1;
    return { at: this.#at - 1, deleted: 0, typed };
  }

  /** A number from 0 up to a limit, by a linear congruential generator (Numerical Recipes, chapter 7.1). */
  #below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}
