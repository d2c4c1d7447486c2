/** 64 bytes lie in the heap, where most lists end: more would be allocated beside it. */
const fewest = 16;
/** How much room a list keeps that was longer. */
const keptRoom = 4_096;
/** Many lists stay empty. */
const none = new Int32Array(0);

/** Whole numbers of 32 bits, as many as come: one after the other in memory, which no collection of garbage looks through. */
export class Int32List {
  #length = 0;
  #numbers = none;

  get length(): number {
    return this.#length;
  }

  /** The number at `index`, which is below `length`. */
  at(index: number): number {
    return this.#numbers[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#numbers[index] = value;
  }

  /** Of ascending numbers, the index of the last that is at most `value`: the first one is. */
  lastUpTo(value: number): number {
    const numbers = this.#numbers;
    let low = 0;
    for (let left = this.#length; left > 1; ) {
      const half = left >>> 1;
      if ((numbers[low + half] ?? 0) <= value) low += half;
      left -= half;
    }
    return low;
  }

  push(value: number): void {
    if (this.#length === this.#numbers.length) this.#grow();
    this.#numbers[this.#length++] = value;
  }

  /** Pushes four numbers that belong together, in the time of one. */
  pushFour(first: number, second: number, third: number, fourth: number): void {
    const at = this.#length;
    if (at + 4 > this.#numbers.length) this.#grow();
    const numbers = this.#numbers;
    numbers[at] = first;
    numbers[at + 1] = second;
    numbers[at + 2] = third;
    numbers[at + 3] = fourth;
    this.#length = at + 4;
  }

  /** Forgets what comes after the first `length` numbers, and the room for it where that was much. */
  truncate(length: number): void {
    this.#length = length;
    if (this.#numbers.length > keptRoom && length < this.#numbers.length / 4)
      this.#numbers = this.#numbers.slice(0, Math.max(length, fewest));
  }

  #grow(): void {
    const larger = new Int32Array(Math.max(fewest, this.#length * (this.#length < keptRoom ? 4 : 2)));
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}
