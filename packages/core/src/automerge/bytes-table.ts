/** How many rows are compared one by one before an index is worth its memory. */
const mostUnindexed = 8;

/**
 * Byte strings of one length, numbered in the order they were added. Written for very many tables of one row: the hashes of a
 * document's changes, and its actors.
 */
export class BytesTable {
  readonly #length: number;
  #pool: Uint8Array;
  #count = 0;
  /** By the first 48 bits: the last row that has them. */
  #lastByPrefix: Map<number, number> | null = null;
  /** By row: the row before it with the same first 48 bits. */
  readonly #before = new Map<number, number>();

  constructor(length: number) {
    this.#length = length;
    this.#pool = new Uint8Array(length);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of this byte string; -1 when it was not added. */
  find(bytes: Uint8Array): number {
    let row: number | undefined =
      this.#lastByPrefix === null ? this.#count - 1 : (this.#lastByPrefix.get(prefixOf(bytes)) ?? -1);
    while (row >= 0 && !this.#isAt(row, bytes))
      row = this.#lastByPrefix === null ? row - 1 : (this.#before.get(row) ?? -1);
    return row;
  }

  /** Adds a byte string that was not added before and gives its number. */
  add(bytes: Uint8Array): number {
    const row = this.#count++;
    if (this.#count * this.#length > this.#pool.length) this.#grow();
    this.#pool.set(bytes, row * this.#length);
    if (this.#lastByPrefix !== null) this.#index(row);
    else if (this.#count > mostUnindexed) {
      this.#lastByPrefix = new Map();
      for (let i = 0; i < this.#count; i++) this.#index(i);
    }
    return row;
  }

  /** A view of the byte string with this number. */
  at(row: number): Uint8Array {
    return this.#pool.subarray(row * this.#length, (row + 1) * this.#length);
  }

  /** Compares in the pool: a view for each row would cost more than the comparison. */
  #isAt(row: number, bytes: Uint8Array): boolean {
    const start = row * this.#length;
    for (let i = 0; i < this.#length; i++) if (this.#pool[start + i] !== bytes[i]) return false;
    return bytes.length === this.#length;
  }

  #index(row: number): void {
    const prefix = prefixOf(this.#pool, row * this.#length);
    const before = this.#lastByPrefix?.get(prefix);
    if (before !== undefined) this.#before.set(row, before);
    this.#lastByPrefix?.set(prefix, row);
  }

  #grow(): void {
    const pool = new Uint8Array(this.#pool.length * 2);
    pool.set(this.#pool);
    this.#pool = pool;
  }
}

function prefixOf(bytes: Uint8Array, start = 0): number {
  let prefix = 0;
  for (let i = start; i < start + 6; i++) prefix = prefix * 256 + (bytes[i] ?? 0);
  return prefix;
}
