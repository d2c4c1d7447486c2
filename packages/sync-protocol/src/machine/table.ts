// An immutable list that is cheap to change: a session with thousands of databases changes one of them with every message.

const CHUNK = 64;

/** An immutable list; `with` and `push` copy one chunk and the spine. */
export class Table<T> {
  readonly length: number;
  readonly #chunks: readonly (readonly T[])[];

  private constructor(chunks: readonly (readonly T[])[], length: number) {
    this.#chunks = chunks;
    this.length = length;
  }

  /** A list without items. */
  static empty<T>(): Table<T> {
    return new Table<T>([], 0);
  }

  /** The item at `index`, if there is one. */
  at(index: number): T | undefined {
    return this.#chunks[Math.floor(index / CHUNK)]?.[index % CHUNK];
  }

  /** The same list with one item more. */
  push(item: T): Table<T> {
    const last = this.#chunks.at(-1);
    const isFull = last === undefined || last.length === CHUNK;
    const chunks = isFull ? [...this.#chunks, [item]] : [...this.#chunks.slice(0, -1), [...last, item]];
    return new Table(chunks, this.length + 1);
  }

  /** The same list with another item at `index`, which must exist. */
  with(index: number, item: T): Table<T> {
    const at = Math.floor(index / CHUNK);
    const chunk = this.#chunks[at] ?? [];
    return new Table(this.#chunks.with(at, chunk.with(index % CHUNK, item)), this.length);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }
}
