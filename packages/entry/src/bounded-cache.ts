/** The `capacity` most recently used values: what is decided about a key is remembered without growing with the number of keys. */
export class BoundedCache<V> {
  readonly #capacity: number;
  readonly #values = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value under `key`, made by `make` when it is not there. */
  get(key: string, make: () => V): V {
    const cached = this.#values.get(key);
    if (cached !== undefined) {
      // A Map iterates in order of insertion: inserting again makes the key the youngest.
      this.#values.delete(key);
      this.#values.set(key, cached);
      return cached;
    }
    const made = make();
    this.#values.set(key, made);
    if (this.#values.size > this.#capacity) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    }
    return made;
  }

  /** Number of values held. */
  get size(): number {
    return this.#values.size;
  }
}
