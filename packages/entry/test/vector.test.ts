import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeVector,
  encodeVector,
  type Head,
  limits,
  parseEntryId,
  portableVerifier,
  toHex,
  type Vector,
  vectorDigest,
} from "../src/index.ts";
import { otherDatabase, pattern, testDatabase } from "./chain.ts";
import { codeOf } from "./codes.ts";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const head: fc.Arbitrary<Head> = fc.record({ seq: fc.maxSafeNat(), id: bytes32.map(parseEntryId) });
const vector: fc.Arbitrary<Vector> = fc
  .array(fc.tuple(bytes32.map(toHex), head), { maxLength: 6 })
  .map((pairs) => new Map(pairs));

function bytesOf(...writers: readonly string[]): Uint8Array {
  return encodeVector(
    new Map(writers.map((name) => [toHex(pattern(name, 32)), { seq: 1, id: parseEntryId(pattern(name, 32)) }])),
  );
}

test("a vector there and back is the identity", () => {
  fc.assert(
    fc.property(vector, (v) => {
      expect(decodeVector(encodeVector(v))).toEqual(v);
    }),
  );
});

test("a vector has one encoding, whatever the order it was made in", () => {
  fc.assert(
    fc.property(vector, (v) => {
      expect(encodeVector(new Map([...v].reverse()))).toEqual(encodeVector(v));
    }),
  );
});

test("random bytes: a vector that encodes back to them, or a typed error", () => {
  const junk = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ minLength: 72, maxLength: 72 }).map((b) => new Uint8Array([1, ...b])),
  );
  fc.assert(
    fc.property(junk, (bytes) => {
      codeOf(() => expect(encodeVector(decodeVector(bytes))).toEqual(bytes));
    }),
    { numRuns: 500 },
  );
});

test("writers that do not ascend, or come twice, are refused", () => {
  const bytes = bytesOf("a", "b");
  const [first, second] = [bytes.subarray(1, 73), bytes.subarray(73)];
  expect(codeOf(() => decodeVector(new Uint8Array([2, ...second, ...first])))).toBe("NOT_ASCENDING");
  expect(codeOf(() => decodeVector(new Uint8Array([2, ...first, ...first])))).toBe("NOT_ASCENDING");
});

test("a vector of exactly the limit goes there and back", () => {
  const id = parseEntryId(new Uint8Array(32));
  const keys = Array.from({ length: limits.vectorWriters }, (_, i) => i.toString(16).padStart(64, "0"));
  const full = new Map(keys.map((key, seq) => [key, { seq, id }]));
  expect(decodeVector(encodeVector(full)).size).toBe(limits.vectorWriters);
});

test("a count that its bytes cannot hold, or above the limit, is refused", () => {
  expect(codeOf(() => decodeVector(new Uint8Array([0x80, 0x80, 0x04])))).toBe("TRUNCATED");
  expect(codeOf(() => decodeVector(new Uint8Array([0x81, 0x80, 0x04])))).toBe("TOO_LARGE");
  expect(codeOf(() => decodeVector(new Uint8Array([...bytesOf("a"), 0])))).toBe("TRAILING_BYTES");
  expect(codeOf(() => decodeVector(new Uint8Array([0x80, 0])))).toBe("NOT_MINIMAL");
});

test("a vector above the limit is not encoded, nor one with a key that is no writer", () => {
  const head: Head = { seq: 0, id: parseEntryId(new Uint8Array(32)) };
  const large = new Map(Array.from({ length: limits.vectorWriters + 1 }, (_, i) => [`${i}`, head]));
  expect(codeOf(() => encodeVector(large))).toBe("TOO_LARGE");
  expect(codeOf(() => encodeVector(new Map([["00", head]])))).toBe("BAD_LENGTH");
  expect(codeOf(() => encodeVector(new Map([["x", head]])))).toBe("BAD_HEX");
});

test("the digest changes with every writer, seq, id and database", () => {
  const writer = toHex(pattern("a", 32));
  const id = parseEntryId(pattern("id", 32));
  const digests = [
    vectorDigest(portableVerifier, testDatabase, new Map()),
    vectorDigest(portableVerifier, otherDatabase, new Map()),
    vectorDigest(portableVerifier, testDatabase, new Map([[writer, { seq: 1, id }]])),
    vectorDigest(portableVerifier, testDatabase, new Map([[writer, { seq: 2, id }]])),
    vectorDigest(portableVerifier, testDatabase, new Map([[writer, { seq: 1, id: parseEntryId(pattern("x", 32)) }]])),
    vectorDigest(portableVerifier, testDatabase, new Map([[toHex(pattern("b", 32)), { seq: 1, id }]])),
  ];
  expect(new Set(digests.map(toHex)).size).toBe(digests.length);
});
