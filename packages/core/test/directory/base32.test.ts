import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase32, toBase32 } from "../../src/directory/base32.ts";

// RFC 4648 section 10, without the padding.
test.each([
  ["", ""],
  ["f", "MY"],
  ["fo", "MZXQ"],
  ["foo", "MZXW6"],
  ["foob", "MZXW6YQ"],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI"],
])("base32 of %j is %s", (text, encoded) => {
  const bytes = new TextEncoder().encode(text);
  expect(toBase32(bytes)).toBe(encoded);
  expect(fromBase32(encoded)).toEqual(bytes);
});

test("bytes arrive, and nothing but their one encoding is taken", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(fromBase32(toBase32(bytes))).toEqual(bytes);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."AB7Z"), maxLength: 24 }), (text) => {
      const bytes = fromBase32(text);
      if (bytes !== null) expect(toBase32(bytes)).toBe(text);
    }),
  );
});

test.each([
  ["an unused bit that is set", "MZ"],
  ["one character alone", "A"],
  ["three", "AAA"],
  ["six", "AAAAAA"],
  ["padding", "MY======"],
  ["a small letter", "my"],
  ["a digit that is none", "M1"],
  ["a space", "MZXW 6YTB"],
])("refuses %s", (_, text) => {
  expect(fromBase32(text)).toBeNull();
});
