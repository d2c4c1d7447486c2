/** What the benchmark of searches looks at. */
export interface Note {
  title: string;
  text: string;
}

const SYLLABLES =
  "ba be bi bo da de di do ka ke ki ko la le li lo ma me mi mo na ne ni no ra re ri ro sa se si so ta te ti to";
const WORDS = 50_000;

/** Short notes of words of which few are in most of them, and most in few (Zipf). The same seed writes the same. */
export class Notes {
  readonly #syllables = SYLLABLES.split(" ");
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  next(): Note {
    return { title: this.words(5), text: this.words(20) };
  }

  words(count: number): string {
    return Array.from({ length: count }, () => this.#word()).join(" ");
  }

  #word(): string {
    let word = "";
    for (let left = Math.floor(WORDS ** this.#random()) + this.#syllables.length; left > 0; ) {
      word += this.#syllables[left % this.#syllables.length] ?? "";
      left = Math.floor(left / this.#syllables.length);
    }
    return word;
  }

  /** From 0 up to 1, by a linear congruential generator (Numerical Recipes, chapter 7.1). */
  #random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}
