import { expect, expectTypeOf, test } from "vitest";
import * as entry from "../src/index.ts";
import { codeOf } from "./codes.ts";

test.each([
  [entry.parseDatabaseId, 32],
  [entry.parseTenantId, 32],
  [entry.parseWriterKey, 32],
  [entry.parseEntryId, 32],
  [entry.parseStatementId, 32],
  [entry.parseLoginKey, 32],
  [entry.parseBlobHash, 32],
  [entry.parseKeyTag, 16],
  [entry.parseSalt, 24],
  [entry.parseSignature, 64],
] as const)("%o takes exactly %d bytes", (parse, length) => {
  const bytes = new Uint8Array(length);
  expect(parse(bytes)).toBe(bytes);
  for (const other of [0, length - 1, length + 1])
    expect(codeOf(() => parse(new Uint8Array(other)))).toBe("BAD_LENGTH");
});

test("a ciphertext is never shorter than its tag", () => {
  expect(codeOf(() => entry.parseCiphertext(new Uint8Array(16)))).toBe(null);
  expect(codeOf(() => entry.parseCiphertext(new Uint8Array(15)))).toBe("BAD_LENGTH");
});

test("types of different meaning do not stand in for each other", () => {
  expectTypeOf<entry.EntryId>().not.toExtend<entry.WriterKey>();
  expectTypeOf<Uint8Array>().not.toExtend<entry.EntryId>();
  expectTypeOf<entry.Entry>().not.toExtend<entry.IdentifiedEntry>();
  expectTypeOf<entry.IdentifiedEntry>().not.toExtend<entry.VerifiedEntry>();
  expectTypeOf<entry.Run>().not.toExtend<entry.VerifiedRun>();
  expectTypeOf<entry.VerifiedRun>().toExtend<entry.Run>();
  expectTypeOf<entry.SignLabel>().not.toExtend<entry.HashLabel>();
});
