import fc from "fast-check";
import { expect, test } from "vitest";
import { EntryError, fromBase64url, toBase64url } from "../src/index.ts";

test("base64url agrees with the platform, both ways", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
    }),
  );
});

test.each(["A", "AAAAA", "AB", "AAB", "AA==", "A+A", "A/A", "AA A", "é"])(
  "base64url refuses %j, which it never writes",
  (text) => {
    expect(() => fromBase64url(text)).toThrow(EntryError);
  },
);
