// The one door to CBOR (RFC 8949): arrays only, one encoding of each value, everything bounded by its reader.
import { equalBytes } from "@selkie/entry";
import { decode, encode } from "cborg";
import { KeyBagError } from "./errors.ts";

/** What sealed content is made of. */
export type CborValue = null | boolean | string | Uint8Array | readonly CborValue[];

export function encodeCbor(value: CborValue): Uint8Array {
  return encode(value);
}

/**
 * Decodes strictly. cborg refuses indefinite lengths, tags, maps out of order and trailing bytes; comparing with the one right encoding
 * refuses whatever else could have been written in two ways.
 * @throws KeyBagError `DAMAGED`
 */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const value = accepted(decodeStrictly(bytes));
  const again = encodeCbor(value);
  const canonical = equalBytes(again, bytes);
  again.fill(0);
  if (!canonical) throw new KeyBagError("DAMAGED", "the content is not in its one encoding");
  return value;
}

/** The fields of an array of exactly `count`. @throws KeyBagError `DAMAGED` */
export function fieldsOf(value: CborValue | undefined, count: number): readonly CborValue[] {
  const fields = listOf(value, count);
  if (fields.length !== count) throw malformed(`an array of ${count} fields was due`);
  return fields;
}

/** An array of at most `max`. @throws KeyBagError `DAMAGED` */
export function listOf(value: CborValue | undefined, max: number): readonly CborValue[] {
  if (!isList(value) || value.length > max) throw malformed(`an array of at most ${max} was due`);
  return value;
}

/** Bytes of exactly `length`, copied. @throws KeyBagError `DAMAGED` */
export function bytesOf(value: CborValue | undefined, length: number): Uint8Array {
  const bytes = boundedBytesOf(value, length);
  if (bytes.length !== length) throw malformed(`${length} bytes were due`);
  return bytes;
}

/** At most `max` bytes, copied. @throws KeyBagError `DAMAGED` */
export function boundedBytesOf(value: CborValue | undefined, max: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > max) throw malformed(`at most ${max} bytes were due`);
  return value.slice();
}

/** Text of at most `max` UTF-16 units. @throws KeyBagError `DAMAGED` */
export function textOf(value: CborValue | undefined, max: number): string {
  if (typeof value !== "string" || value.length > max) throw malformed(`text of at most ${max} characters was due`);
  return value;
}

/** @throws KeyBagError `DAMAGED` */
export function booleanOf(value: CborValue | undefined): boolean {
  if (typeof value !== "boolean") throw malformed("a boolean was due");
  return value;
}

function decodeStrictly(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowInfinity: false,
      allowNaN: false,
      allowBigInt: false,
      tags: [],
    });
  } catch (cause) {
    throw new KeyBagError("DAMAGED", "the content is not strict CBOR", { cause });
  }
}

function accepted(value: unknown): CborValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(accepted);
  throw malformed("a value of a kind that content does not have");
}

function isList(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value);
}

function malformed(message: string): KeyBagError {
  return new KeyBagError("DAMAGED", message);
}
