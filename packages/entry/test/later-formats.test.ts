// What version 1 leaves free for later versions, such as packs (docs/adr/0063), is refused with the code that the specification gives.
import { expect, test } from "vitest";
import { readHeaderPrefix } from "../src/header.ts";
import { ByteReader, decodeEntryBody, encodeEntryBody, encodeHeaderPrefix } from "../src/index.ts";
import { testEntry } from "./chain.ts";
import { codeOf } from "./codes.ts";

const entry = testEntry();
const prefix = encodeHeaderPrefix(entry.header);
const body = encodeEntryBody(entry);

const from = (first: number): number[] => Array.from({ length: 256 - first }, (_, at) => first + at);

test.each([
  ["versions", 0, [0, ...from(2)], "UNSUPPORTED_VERSION"],
  ["suites", 1, [0, ...from(2)], "UNSUPPORTED_SUITE"],
  ["types", 2, from(3), "BAD_TYPE"],
  ["flags", 3, from(2), "BAD_FLAGS"],
] as const)("A6 all other %s of a header", (_, offset, values, code) => {
  for (const value of values)
    expect([value, codeOf(() => readHeaderPrefix(new ByteReader(prefix.with(offset, value))))]).toEqual([value, code]);
});

test.each([
  ["types", 0, from(3), "BAD_TYPE"],
  ["bits", 1, from(8), "BAD_FLAGS"],
] as const)("all other %s of a record", (_, offset, values, code) => {
  for (const value of values)
    expect([value, codeOf(() => decodeEntryBody(body.with(offset, value), entry.header))]).toEqual([value, code]);
});

test("all other kinds of parts", () => {
  // Behind type, bits, one tag and the salt: one part, its length with the frame spelled out, kind, table index.
  const head = [...body.subarray(0, 43), 1, 0xc1, 0x04];
  for (const kind of [0, ...from(6)]) {
    const bytes = Uint8Array.of(...head, kind, 0, ...new Uint8Array(144));
    expect([kind, codeOf(() => decodeEntryBody(bytes, entry.header))]).toEqual([kind, "BAD_PART"]);
  }
});
