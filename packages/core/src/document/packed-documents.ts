import { documentIdBytes } from "../sealing/document-id.ts";
import { type DocId, docIdOfBytes } from "./doc-id.ts";
import { numbersOf, tabulationHash } from "./tabulation-hash.ts";

/** Numbers of each: the buffer its change lies in, from where on and how long, and the next with the same hash. */
const WIDTH = 4;
const LENGTH = 2;
const NEXT = 3;
/** For so many there is room at first; a power of two. */
const FEW = 64;

/**
 * Documents by their ids of which nothing is known but their one change: all of it in arrays of numbers, a third of what texts and views of
 * bytes take, and nothing that collections of garbage copy.
 * SECURITY: D12. Who makes a document chooses its id, and does not know which others hash alike here (tabulation-hash.test.ts).
 */
export class PackedDocuments {
  readonly #random: (length: number) => Uint8Array;
  /** For hashes; of one that holds nothing there are none. */
  #numbers = new Uint32Array(0);
  readonly #rooms: ArrayBufferLike[] = [];
  #ids = new Uint8Array(FEW * documentIdBytes);
  #places = new Uint32Array(FEW * WIDTH);
  /** By hash: one more than the number of the latest that has it. */
  #latest = new Uint32Array(FEW);
  /** With those that are not packed any more. */
  #count = 0;
  #size = 0;
  readonly #asked = new Uint8Array(documentIdBytes);

  /** @param random a function that gives so many random bytes */
  constructor(random: (length: number) => Uint8Array) {
    this.#random = random;
  }

  get size(): number {
    return this.#size;
  }

  /** Packs one: its change stays where it lies. */
  add(name: DocId, { buffer, byteOffset, length }: Uint8Array): void {
    if (this.#count === 0) this.#numbers = new Uint32Array(this.#random(4 * numbersOf(documentIdBytes)).slice().buffer);
    if (this.#rooms.at(-1) !== buffer) this.#rooms.push(buffer);
    const known = this.#find(name);
    const number = known < 0 ? this.#new() : known;
    this.#places.set([this.#rooms.length - 1, byteOffset, length], WIDTH * number);
    this.#size += 1;
  }

  /** A view of its change. */
  peek(name: DocId): Uint8Array | undefined {
    const number = this.#find(name);
    return number < 0 ? undefined : this.#changeOf(number);
  }

  /** The same; it is not packed any more. */
  take(name: DocId): Uint8Array | undefined {
    const number = this.#find(name);
    const change = number < 0 ? undefined : this.#changeOf(number);
    if (change === undefined) return undefined;
    this.#places[WIDTH * number + LENGTH] = 0;
    this.#size -= 1;
    return change;
  }

  /** Whether it was packed once. */
  knows(name: DocId): boolean {
    return this.#find(name) >= 0;
  }

  /** All that were packed once; without a change those that are not any more. */
  *all(): Iterable<readonly [DocId, Uint8Array | undefined]> {
    for (let number = 0; number < this.#count; number++)
      yield [docIdOfBytes(this.#ids, number * documentIdBytes), this.#changeOf(number)];
  }

  #changeOf(number: number): Uint8Array | undefined {
    const [room = 0, start, length] = this.#places.subarray(WIDTH * number, WIDTH * (number + 1));
    return length === 0 ? undefined : new Uint8Array(this.#rooms[room] ?? new ArrayBuffer(0), start, length);
  }

  /** The number of one that was packed once; -1 for another. It is the one that is asked for from now on. */
  #find(name: DocId): number {
    if (!readId(name, this.#asked) || this.#count === 0) return -1; // `add` takes what is asked for, also as the first
    let number = (this.#latest[this.#hashOf(this.#asked, 0)] ?? 0) - 1;
    while (number >= 0 && !this.#isAsked(number)) number = (this.#places[WIDTH * number + NEXT] ?? 0) - 1;
    return number;
  }

  #isAsked(number: number): boolean {
    const start = number * documentIdBytes;
    for (let i = 0; i < documentIdBytes; i++) if (this.#ids[start + i] !== this.#asked[i]) return false;
    return true;
  }

  /** @returns the number of the one that was asked for */
  #new(): number {
    if (this.#count === this.#latest.length) this.#grow();
    const number = this.#count++;
    this.#ids.set(this.#asked, number * documentIdBytes);
    this.#chain(number);
    return number;
  }

  #chain(number: number): void {
    const hash = this.#hashOf(this.#ids, number * documentIdBytes);
    this.#places[WIDTH * number + NEXT] = this.#latest[hash] ?? 0;
    this.#latest[hash] = number + 1;
  }

  #grow(): void {
    const [ids, places] = [new Uint8Array(2 * this.#ids.length), new Uint32Array(2 * this.#places.length)];
    ids.set(this.#ids);
    places.set(this.#places);
    this.#ids = ids;
    this.#places = places;
    this.#latest = new Uint32Array(2 * this.#latest.length);
    for (let number = 0; number < this.#count; number++) this.#chain(number);
  }

  #hashOf(ids: Uint8Array, start: number): number {
    return tabulationHash(this.#numbers, ids, start) & (this.#latest.length - 1);
  }
}

/** Reads the bytes of an id. @returns whether the text is one */
function readId(name: string, into: Uint8Array): boolean {
  if (name.length !== 2 * documentIdBytes) return false;
  for (let i = 0; i < documentIdBytes; i++) {
    const byte = (digitAt(name, 2 * i) << 4) | digitAt(name, 2 * i + 1);
    if (byte < 0) return false;
    into[i] = byte;
  }
  return true;
}

/** -1 for what is no digit. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= 48 && code <= 57) return code - 48;
  return code >= 97 && code <= 102 ? code - 87 : -1;
}
