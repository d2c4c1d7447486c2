/** Byte strings up to one size lie with others in a buffer of the other. */
const [most, roomBytes] = [1_024, 8_192];

/**
 * Byte strings that are made by the thousand and kept about as long: a buffer for each costs more than filling it, and more again to free.
 * As long as one of them is held, so are the few dozen around it.
 */
export class BytePool {
  #room: Uint8Array = new Uint8Array(0);
  #used = 0;

  /** Zeros, to be filled by the caller. */
  take(length: number): Uint8Array {
    if (length > most) return new Uint8Array(length);
    if (this.#used + length > this.#room.length) {
      this.#room = new Uint8Array(roomBytes);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#room.subarray(start, this.#used);
  }
}
