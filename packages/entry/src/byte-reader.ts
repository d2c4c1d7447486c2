// The bounded reader beneath every decoder: big endian, minimal ULEB128, no copy, nothing read past the end.
import { EntryError } from "./entry-error.ts";

/** Reads one byte string from front to back. A decoder ends with {@link ByteReader.end}. */
export class ByteReader {
  /** There is always one reader: V8 drops the code that it compiled for a class when a full collection finds no object of it. */
  static readonly none: ByteReader = new ByteReader(new Uint8Array());

  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // A Node Buffer would hand out Buffers, whose `slice` aliases: callers see plain Uint8Arrays only.
    this.#bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** One byte. @throws EntryError `TRUNCATED` */
  u8(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw new EntryError("TRUNCATED", `ends at byte ${this.#offset}, where a byte was due`);
    this.#offset += 1;
    return value;
  }

  /** Two bytes, big endian. @throws EntryError `TRUNCATED` */
  u16(): number {
    return this.u8() * 0x100 + this.u8();
  }

  /** Four bytes, big endian. @throws EntryError `TRUNCATED` */
  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** Eight bytes, big endian, at most 2^53 - 1. @throws EntryError `TRUNCATED`, `TOO_LARGE` */
  u64(): number {
    const high = this.u32();
    if (high > 0x1f_ffff) throw new EntryError("TOO_LARGE", "a 64-bit number is above 2^53 - 1");
    return high * 0x1_0000_0000 + this.u32();
  }

  /**
   * An unsigned LEB128 number in its shortest form, at most `max`.
   *
   * @throws EntryError `TRUNCATED`, `NOT_MINIMAL`, `TOO_LARGE`
   */
  uleb(max: number = Number.MAX_SAFE_INTEGER): number {
    const first = this.u8();
    let value = first & 0x7f;
    if (value > max) throw new EntryError("TOO_LARGE", `a number is above ${max}`);
    if (first < 0x80) return value; // nearly all are: lengths and counts
    // Eight groups hold 56 bits; a longer form is either above 2^53 - 1 or not the shortest.
    for (let scale = 128; scale <= 2 ** 49; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > max) throw new EntryError("TOO_LARGE", `a number is above ${max}`);
      if (byte < 0x80) {
        if (byte === 0) throw new EntryError("NOT_MINIMAL", "a number is not in its shortest form");
        return value;
      }
    }
    throw new EntryError("TOO_LARGE", "a number has more than eight groups");
  }

  /** The next `length` bytes, as a view of the input. @throws EntryError `TRUNCATED` */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) {
      throw new EntryError("TRUNCATED", `${length} bytes were due, ${this.remaining} are left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Asserts that everything was read. @throws EntryError `TRAILING_BYTES` */
  end(): void {
    if (this.remaining > 0) throw new EntryError("TRAILING_BYTES", `${this.remaining} bytes follow the end`);
  }
}
