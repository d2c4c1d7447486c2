import { expect, test } from "vitest";
import { readHeaderPrefix } from "../src/header.ts";
import {
  ByteReader,
  type EntryHeader,
  type EntryType,
  encodeHeaderPrefix,
  entryType,
  HEADER_PREFIX_BYTES,
  hash,
  headerPrefixHash,
  portableVerifier,
  toHex,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "../src/index.ts";
import { testChain, testEntry } from "./chain.ts";
import { codeOf } from "./codes.ts";

const { header } = testEntry();
const later = testEntry({ seq: 7, prev: testChain({ length: 1 })[0]?.id ?? ZERO_ENTRY_ID }).header;

test("every field lies where the specification puts it", () => {
  const bytes = encodeHeaderPrefix({ ...later, control: true, seq: 2 ** 40 + 3 });
  expect(bytes).toHaveLength(HEADER_PREFIX_BYTES);
  expect([...bytes.subarray(0, 4)]).toEqual([1, 1, entryType.change, 1]);
  expect(bytes.subarray(4, 36)).toEqual(later.database);
  expect(bytes.subarray(36, 68)).toEqual(later.writer);
  expect(toHex(bytes.subarray(68, 76))).toBe("0000010000000003");
  expect(bytes.subarray(76, 108)).toEqual(later.prev);
  expect(bytes.subarray(108, 132)).toEqual(later.salt);
});

test("a header prefix is read back as it was", () => {
  for (const original of [header, later, { ...header, type: entryType.founding, control: true }]) {
    expect(readHeaderPrefix(new ByteReader(encodeHeaderPrefix(original)))).toEqual(original);
  }
});

test("its hash is H(prefix, 132 bytes)", () => {
  expect(headerPrefixHash(portableVerifier, header)).toEqual(
    hash(portableVerifier, "prefix", encodeHeaderPrefix(header)),
  );
});

test.each([
  [0, 0, "UNSUPPORTED_VERSION"],
  [0, 2, "UNSUPPORTED_VERSION"],
  [1, 0, "UNSUPPORTED_SUITE"],
  [1, 2, "UNSUPPORTED_SUITE"],
  [2, 3, "BAD_TYPE"],
  [3, 2, "BAD_FLAGS"],
  [3, 128, "BAD_FLAGS"],
  [75, 1, "BAD_POSITION"],
  [76, 1, "BAD_POSITION"],
  [68, 1, "TOO_LARGE"],
] as const)("A5 A6 refuses byte %d = %d with %s", (offset, value, code) => {
  const bytes = encodeHeaderPrefix(header);
  bytes[offset] = value;
  expect(codeOf(() => readHeaderPrefix(new ByteReader(bytes)))).toBe(code);
});

test("a header that ends early is refused at every length", () => {
  const bytes = encodeHeaderPrefix(header);
  for (let length = 0; length < bytes.length; length++) {
    expect(codeOf(() => readHeaderPrefix(new ByteReader(bytes.subarray(0, length))))).toBe("TRUNCATED");
  }
});

test.each([
  ["a type that is none", { ...header, type: 3 as EntryType }, "BAD_TYPE"],
  ["a negative seq", { ...later, seq: -1 }, "BAD_POSITION"],
  ["a seq that is no safe integer", { ...later, seq: 2 ** 53 }, "BAD_POSITION"],
  ["a first entry with a predecessor", { ...later, seq: 0 }, "BAD_POSITION"],
  ["a later entry without one", { ...header, seq: 1 }, "BAD_POSITION"],
  ["a founding entry beyond the first", { ...later, type: entryType.founding }, "BAD_POSITION"],
  ["a writer key of 33 bytes", { ...header, writer: new Uint8Array(33) as WriterKey }, "BAD_LENGTH"],
  ["a writer key of 31 bytes", { ...header, writer: new Uint8Array(31) as WriterKey }, "BAD_LENGTH"],
] satisfies [string, EntryHeader, string][])("refuses to encode %s", (_, bad, code) => {
  expect(codeOf(() => encodeHeaderPrefix(bad))).toBe(code);
});
