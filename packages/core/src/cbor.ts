import { equalBytes } from "@selkie/entry";
import { decode, encode } from "cborg";
import { CoreError, type CoreErrorCode } from "./errors.ts";

/** What our sealed plaintexts are made of: arrays, never maps, so that there is one encoding of each value. */
export type CborValue = null | boolean | number | string | Uint8Array | readonly CborValue[];

/** Encodes deterministically (RFC 8949 section 4.2.1). */
export function encodeCbor(value: CborValue): Uint8Array {
  const { buffer, byteOffset, byteLength } = encode(value);
  return new Uint8Array(buffer, byteOffset, byteLength); // never a Node Buffer, whose `slice` is no copy
}

/**
 * Decodes strictly: no indefinite lengths, floats, tags, maps, undefined, bignums, non-minimal integers or trailing bytes, and text that
 * is UTF-8. What it accepts is what {@link encodeCbor} writes, byte for byte.
 * @throws CoreError with the given code
 */
export function decodeCbor(bytes: Uint8Array, code: CoreErrorCode): CborValue {
  const value = decodeStrictly(bytes, code);
  // cborg reads bytes that are not UTF-8 as replacement characters, and passes over a byte order mark.
  if (!equalBytes(encodeCbor(value), bytes)) throw new CoreError(code, "not the one encoding of its value");
  return value;
}

function decodeStrictly(bytes: Uint8Array, code: CoreErrorCode): CborValue {
  try {
    return accepted(
      decode(bytes, {
        strict: true,
        allowIndefinite: false,
        allowUndefined: false,
        allowInfinity: false,
        allowNaN: false,
        allowBigInt: false,
        tags: [],
      }),
    );
  } catch (cause) {
    throw new CoreError(code, "not strict CBOR", { cause });
  }
}

function accepted(value: unknown): CborValue {
  if (value === null || typeof value === "boolean" || typeof value === "string" || value instanceof Uint8Array)
    return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (Array.isArray(value)) return value.map(accepted);
  throw new CoreError("STATEMENT_MALFORMED", "a value our formats do not use");
}

/** Reads the fields of a decoded array one after the other, each with its type; `end` refuses further ones. */
export class CborFields {
  readonly #fields: readonly CborValue[];
  readonly #code: CoreErrorCode;
  #at = 0;

  constructor(value: CborValue, code: CoreErrorCode) {
    this.#code = code;
    if (!isArray(value)) throw this.#malformed("array");
    this.#fields = value;
  }

  static decode(bytes: Uint8Array, code: CoreErrorCode): CborFields {
    return new CborFields(decodeCbor(bytes, code), code);
  }

  number(max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#next();
    if (typeof value !== "number" || value < 0 || value > max) throw this.#malformed("number");
    return value;
  }

  text(maxLength: number): string {
    const value = this.#next();
    if (typeof value !== "string" || value.length > maxLength) throw this.#malformed("text");
    return value;
  }

  /** Bytes of exactly `length`, or of at most `max` when an object is given. */
  bytes(length: number | { readonly max: number }): Uint8Array {
    const value = this.#next();
    const fits = (size: number) => (typeof length === "number" ? size === length : size <= length.max);
    if (!(value instanceof Uint8Array) || !fits(value.length)) throw this.#malformed("bytes");
    return value;
  }

  bytesOrNull(length: number | { readonly max: number }): Uint8Array | null {
    if (this.#fields[this.#at] !== null) return this.bytes(length);
    this.#at += 1;
    return null;
  }

  list(max: number): readonly CborValue[] {
    const value = this.#next();
    if (!isArray(value) || value.length > max) throw this.#malformed("list");
    return value;
  }

  end(): void {
    if (this.#at !== this.#fields.length) throw this.#malformed("end");
  }

  #next(): CborValue {
    const value = this.#fields[this.#at];
    if (value === undefined) throw this.#malformed("field");
    this.#at += 1;
    return value;
  }

  #malformed(wanted: string): CoreError {
    return new CoreError(this.#code, `field ${this.#at}: expected ${wanted}`);
  }
}

function isArray(value: CborValue): value is readonly CborValue[] {
  return Array.isArray(value);
}
