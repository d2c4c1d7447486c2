import { parseWriterKey, portableVerifier, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { countedStem, documentIdOf, namedStem } from "../../src/sealing/document-id.ts";
import { codeOf } from "../codes.ts";
import { otherDatabase, pattern, testDatabase } from "../fixture.ts";

const writer = parseWriterKey(pattern("writer", 32));
const other = parseWriterKey(pattern("other writer", 32));

test("every writer and counter has a stem of its own, of 16 bytes", () => {
  const stems = [
    countedStem(portableVerifier, writer, 0),
    countedStem(portableVerifier, writer, 1),
    countedStem(portableVerifier, writer, 2 ** 32),
    countedStem(portableVerifier, writer, Number.MAX_SAFE_INTEGER),
    countedStem(portableVerifier, other, 0),
  ];
  expect(new Set(stems.map(toHex)).size).toBe(stems.length);
  expect(stems.every((stem) => stem.length === 16)).toBe(true);
});

test("a named document has one stem in its database and another in the next", () => {
  const stem = toHex(namedStem(portableVerifier, testDatabase, "settings"));
  expect(toHex(namedStem(portableVerifier, testDatabase, "settings"))).toBe(stem);
  expect(toHex(namedStem(portableVerifier, otherDatabase, "settings"))).not.toBe(stem);
  expect(toHex(namedStem(portableVerifier, testDatabase, "Settings"))).not.toBe(stem);
});

test("D11 an id is of one stem and one key", () => {
  const parts = ["one", "two"].flatMap((stem) => ["board", "default"].map((key) => [stem, key] as const));
  const ids = parts.map(([stem, key]) => toHex(documentIdOf({ stem: pattern(stem, 16), keyId: pattern(key, 16) })));
  expect(new Set(ids).size).toBe(4);
});

test("what is no counter and no text is refused", () => {
  expect(codeOf(() => countedStem(portableVerifier, writer, -1))).toBe("NAME_INVALID");
  expect(codeOf(() => countedStem(portableVerifier, writer, 0.5))).toBe("NAME_INVALID");
  expect(codeOf(() => namedStem(portableVerifier, testDatabase, "\ud800"))).toBe("NAME_INVALID");
});
