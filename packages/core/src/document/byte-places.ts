/** Room, start and length of each. */
const WIDTH = 3;

/** Where byte strings lie, that others made: a view of each would take ten times as much. */
export class BytePlaces {
  readonly #rooms: ArrayBufferLike[] = [];
  #places = new Uint32Array(WIDTH * 64);
  #count = 0;

  /** @returns its number */
  add({ buffer, byteOffset, length }: Uint8Array): number {
    if (this.#rooms.at(-1) !== buffer) this.#rooms.push(buffer);
    if (WIDTH * this.#count === this.#places.length) this.#grow();
    this.#places.set([this.#rooms.length - 1, byteOffset, length], WIDTH * this.#count);
    return this.#count++;
  }

  /** A view of the byte string with this number. */
  at(number: number): Uint8Array {
    const [room = 0, start, length] = this.#places.subarray(WIDTH * number, WIDTH * (number + 1));
    return new Uint8Array(this.#rooms[room] ?? new ArrayBuffer(0), start, length);
  }

  #grow(): void {
    const places = new Uint32Array(2 * this.#places.length);
    places.set(this.#places);
    this.#places = places;
  }
}
