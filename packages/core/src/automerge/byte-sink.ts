import type { BytePool } from "../byte-pool.ts";
import { encodeText } from "./text.ts";

/** Bytes that are copied one by one, rather than as a view. */
const longestCopied = 64;

/** Grows as it is written to, and can be emptied and used again; the mirror of `ByteCursor`. */
export class ByteSink {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 32) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 up, as ULEB128 in its shortest form. */
  unsigned(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /** A whole number, as SLEB128 in its shortest form. */
  signed(value: number): void {
    let rest = value;
    for (; rest < -0x40 || rest >= 0x40; rest = Math.floor(rest / 0x80)) this.byte(modulo(rest) | 0x80);
    this.byte(modulo(rest));
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  appendRange(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    // Values and columns are mostly short: then a view costs more than the copy.
    if (size > longestCopied) {
      this.append(bytes.subarray(start, end));
      return;
    }
    if (this.#length + size > this.#bytes.length) this.#reserve(size);
    for (let i = start; i < end; i++) this.#bytes[this.#length++] = bytes[i] ?? 0;
  }

  appendSink(sink: ByteSink): void {
    this.appendRange(sink.#bytes, 0, sink.#length);
  }

  /** The UTF-8 bytes of a well-formed text. */
  text(text: string): void {
    const start = this.#length;
    if (start + text.length > this.#bytes.length) this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        this.#length = start;
        this.append(encodeText(text));
        return;
      }
      this.#bytes[this.#length++] = unit;
    }
  }

  /** What was written is in front of these, until the next write. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** What was written, until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  copyTo(bytes: Uint8Array, at: number): void {
    // As `appendRange`.
    if (this.#length < 16) for (let i = 0; i < this.#length; i++) bytes[at + i] = this.#bytes[i] ?? 0;
    else bytes.set(this.view(), at);
  }

  /** A copy of what was written, in an array of its own or out of a pool. */
  toBytes(pool?: BytePool): Uint8Array {
    if (pool === undefined) return this.#bytes.slice(0, this.#length);
    const copy = pool.take(this.#length);
    copy.set(this.view());
    return copy;
  }

  #reserve(size: number): void {
    const grown = new Uint8Array(Math.max(this.#length + size, 2 * this.#bytes.length));
    grown.set(this.view());
    this.#bytes = grown;
  }
}

/** The low seven bits of a number in two's complement. */
function modulo(value: number): number {
  const low = value % 0x80;
  return low < 0 ? low + 0x80 : low;
}
