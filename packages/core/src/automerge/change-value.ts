// Scalar values of operations: which types a change may carry, and within which bounds.
//
// SECURITY: everything accepted here reads back as the JavaScript value it stands for, so that no projection throws: a `uint` and an
// integer from 2^53 - 1 up would become a BigInt, a larger timestamp an invalid Date, an unknown type an opaque object, and a value
// in another than its shortest encoding would be encoded anew with another hash. Tests: change-op.test.ts.
import { ByteCursor } from "./byte-cursor.ts";
import type { ByteSink } from "./byte-sink.ts";
import { ChangeError } from "./change-error.ts";
import { largestInteger, largestTimestamp } from "./change-limits.ts";
import { checkText } from "./text.ts";

/** Types of values, the low four bits of the value column's metadata; the rest is the length in bytes. */
export const valueType = {
  null: 0,
  false: 1,
  true: 2,
  uint: 3,
  int: 4,
  float: 5,
  text: 6,
  bytes: 7,
  counter: 8,
  timestamp: 9,
} as const;

const floatLength = 8;

/** Throws unless the bytes are one value of this type, in its only encoding and within bounds. */
export function checkScalar(type: number, bytes: Uint8Array, start: number, end: number): void {
  if (type <= valueType.true) {
    if (start !== end) throw new ChangeError("CHANGE_NOT_CANONICAL", "a value that has no bytes has some");
  } else if (type === valueType.int || type === valueType.counter) checkInteger(bytes, start, end, largestInteger);
  else if (type === valueType.timestamp) checkInteger(bytes, start, end, largestTimestamp);
  else if (type === valueType.float) checkFloat(bytes, start, end);
  else if (type === valueType.text) checkText(bytes, start, end);
  else if (type !== valueType.bytes) throw new ChangeError("CHANGE_BAD_VALUE", "a value of this type is not supported");
}

/** Used by one call after the other. */
const cursor = new ByteCursor();

/** The whole number in these bytes. */
export function readInteger(bytes: Uint8Array, start: number, end: number): number {
  cursor.move(bytes, start, end);
  const value = cursor.signed();
  if (!cursor.done) throw new ChangeError("CHANGE_MALFORMED", "bytes follow a number");
  return value;
}

/** The IEEE 754 double, little endian, in these bytes. */
export function readFloat(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== floatLength) throw new ChangeError("CHANGE_MALFORMED", "a float has 8 bytes");
  return new DataView(bytes.buffer, bytes.byteOffset + start, floatLength).getFloat64(0, true);
}

/** Adds the bytes of a number. @returns its type */
export function writeNumber(sink: ByteSink, value: number): number {
  if (Number.isInteger(value) && !Object.is(value, -0)) {
    sink.signed(value);
    return valueType.int;
  }
  const float = new DataView(new ArrayBuffer(floatLength));
  float.setFloat64(0, value, true);
  sink.append(new Uint8Array(float.buffer));
  return valueType.float;
}

function checkInteger(bytes: Uint8Array, start: number, end: number, largest: number): void {
  if (Math.abs(readInteger(bytes, start, end)) > largest)
    throw new ChangeError("CHANGE_BAD_VALUE", "a number is too large");
}

function checkFloat(bytes: Uint8Array, start: number, end: number): void {
  // NaN and the infinities have no JSON, and NaN breaks every sort.
  if (!Number.isFinite(readFloat(bytes, start, end)))
    throw new ChangeError("CHANGE_BAD_VALUE", "a float is not finite");
}
