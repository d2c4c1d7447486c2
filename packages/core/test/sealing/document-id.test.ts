import { parseWriterKey, portableVerifier, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { documentIdOf, namedDocumentId } from "../../src/sealing/document-id.ts";
import { codeOf } from "../codes.ts";
import { otherDatabase, pattern, testDatabase } from "../fixture.ts";

const writer = parseWriterKey(pattern("writer", 32));
const other = parseWriterKey(pattern("other writer", 32));

test("every writer and counter has an id of its own, of 16 bytes", () => {
  const ids = [
    documentIdOf(portableVerifier, writer, 0),
    documentIdOf(portableVerifier, writer, 1),
    documentIdOf(portableVerifier, writer, 2 ** 32),
    documentIdOf(portableVerifier, writer, Number.MAX_SAFE_INTEGER),
    documentIdOf(portableVerifier, other, 0),
  ];
  expect(new Set(ids.map(toHex)).size).toBe(ids.length);
  expect(ids.every((id) => id.length === 16)).toBe(true);
});

test("a named document has one id in its database and another in the next", () => {
  const id = toHex(namedDocumentId(portableVerifier, testDatabase, "settings"));
  expect(toHex(namedDocumentId(portableVerifier, testDatabase, "settings"))).toBe(id);
  expect(toHex(namedDocumentId(portableVerifier, otherDatabase, "settings"))).not.toBe(id);
  expect(toHex(namedDocumentId(portableVerifier, testDatabase, "Settings"))).not.toBe(id);
});

test("what is no counter and no text is refused", () => {
  expect(codeOf(() => documentIdOf(portableVerifier, writer, -1))).toBe("NAME_INVALID");
  expect(codeOf(() => documentIdOf(portableVerifier, writer, 0.5))).toBe("NAME_INVALID");
  expect(codeOf(() => namedDocumentId(portableVerifier, testDatabase, "\ud800"))).toBe("NAME_INVALID");
});
