// An immutable list that is cheap to change: a session with thousands of databases changes one of them with every message.

const CHUNK = 64;

type Chunk<T> = readonly (T | undefined)[];

/** An immutable list whose items may be taken out, which leaves their places empty. A change copies one chunk and the spine. */
export class Table<T> {
  /** Places, the empty ones among them. */
  readonly length: number;
  /** Items. */
  readonly size: number;
  readonly #chunks: readonly Chunk<T>[];

  private constructor(chunks: readonly Chunk<T>[], { length, size }: Pick<Table<T>, "length" | "size">) {
    this.#chunks = chunks;
    this.length = length;
    this.size = size;
  }

  /** A list without items. */
  static empty<T>(): Table<T> {
    return new Table<T>([], { length: 0, size: 0 });
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
    return new Table(chunks, { length: this.length + 1, size: this.size + 1 });
  }

  /** The same list with another item at `index`, which must exist. */
  with(index: number, item: T): Table<T> {
    return new Table(this.#set(index, item), this);
  }

  /** The same list without the item at `index`, which must exist; the others keep their places. */
  without(index: number): Table<T> {
    return new Table(this.#set(index, undefined), { length: this.length, size: this.size - 1 });
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const chunk of this.#chunks) for (const item of chunk) if (item !== undefined) yield item;
  }

  #set(index: number, item: T | undefined): readonly Chunk<T>[] {
    const at = Math.floor(index / CHUNK);
    return this.#chunks.with(at, (this.#chunks[at] ?? []).with(index % CHUNK, item));
  }
}
