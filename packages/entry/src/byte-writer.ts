// The writer that mirrors ByteReader.
import { EntryError } from "./entry-error.ts";

/** Builds one byte string from front to back. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** `capacity` is a guess of the final length in bytes; the writer grows as needed. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
  }

  /** One byte. @throws EntryError `TOO_LARGE` */
  u8(value: number): this {
    if (value >>> 0 !== value || value > 0xff) throw new EntryError("TOO_LARGE", "not an unsigned number of 1 bytes");
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** Two bytes, big endian. @throws EntryError `TOO_LARGE` */
  u16(value: number): this {
    return this.#bigEndian(value, 2);
  }

  /** Four bytes, big endian. @throws EntryError `TOO_LARGE` */
  u32(value: number): this {
    return this.#bigEndian(value, 4);
  }

  /** Eight bytes, big endian, for a safe integer. @throws EntryError `TOO_LARGE` */
  u64(value: number): this {
    return this.#bigEndian(value, 8);
  }

  /** An unsigned LEB128 number in its shortest form. @throws EntryError `TOO_LARGE` */
  uleb(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new EntryError("TOO_LARGE", "not an unsigned safe integer");
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** The bytes as they are. */
  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** What was written, until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written, in an array of its own that the writer does not touch again. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #bigEndian(value: number, size: number): this {
    if (!Number.isSafeInteger(value) || value < 0 || value >= 256 ** size) {
      throw new EntryError("TOO_LARGE", `not an unsigned number of ${size} bytes`);
    }
    this.#reserve(size);
    let rest = value;
    for (let i = size - 1; i >= 0; i--) {
      this.#bytes[this.#length + i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.#length += size;
    return this;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.view());
    this.#bytes = grown;
  }
}
