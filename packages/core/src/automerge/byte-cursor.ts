// Reads the numbers of a change chunk. `ByteReader` of @selkie/entry does the same for Selkie's own formats; this one also reads
// signed numbers, reads a range inside a larger buffer without copying, and answers with the codes of changes.
import { ChangeError } from "./change-error.ts";

const empty = new Uint8Array();

/** A position inside a range of bytes. Everything it reads is bounded by the range. */
export class ByteCursor {
  bytes: Uint8Array;
  position: number;
  end: number;

  constructor(bytes: Uint8Array = empty, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Goes on in another range. */
  move(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get done(): boolean {
    return this.position === this.end;
  }

  byte(): number {
    if (this.position >= this.end) throw truncated();
    return this.bytes[this.position++] ?? 0;
  }

  /** Steps over `length` bytes and gives the offset at which they start. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.end - start) throw truncated();
    this.position = start + length;
    return start;
  }

  /** A view of the next `length` bytes. */
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A ULEB128 number in its shortest form, at most 2^53 - 1. */
  unsigned(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      if (scale > 2 ** 49) throw outOfRange();
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    if (byte === 0) throw notShortest();
    if (value > Number.MAX_SAFE_INTEGER) throw outOfRange();
    return value;
  }

  /** An SLEB128 number in its shortest form, at most 2^53 - 1 either way. */
  signed(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte < 0x40 ? byte : byte - 0x80;
    let value = 0;
    let scale = 1;
    let before = 0;
    for (; byte >= 0x80; scale *= 0x80) {
      value += (byte & 0x7f) * scale;
      before = byte;
      byte = this.byte();
    }
    // The sign is bit 6 of the last byte; a last byte that only repeats the sign of the one before is one too many.
    if (byte === ((before & 0x40) === 0 ? 0 : 0x7f)) throw notShortest();
    value += (byte < 0x40 ? byte : byte - 0x80) * scale;
    // Of many bytes without a value in them, the scale becomes infinite and this not a number.
    if (!Number.isSafeInteger(value)) throw outOfRange();
    return value;
  }
}

function truncated(): ChangeError {
  return new ChangeError("CHANGE_MALFORMED", "the bytes end too early");
}

function outOfRange(): ChangeError {
  return new ChangeError("CHANGE_BAD_VALUE", "a number is out of range");
}

function notShortest(): ChangeError {
  return new ChangeError("CHANGE_NOT_CANONICAL", "a number is not in its shortest form");
}
