import { createHash } from "node:crypto";

/** Numbers that follow from a seed. */
export class Dice {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: number | string) {
    this.#seed = String(seed);
  }

  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number {
    const digest = createHash("sha256")
      .update(`${this.#seed}/${this.#drawn++}`)
      .digest();
    return Number(digest.readBigUInt64BE(0) % BigInt(limit));
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.below(100) < share;
  }

  /** One of these. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }
}
