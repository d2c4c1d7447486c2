import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64url, toBase64url } from "../src/index.ts";
import { codeOf } from "./codes.ts";

test("base64url is that of RFC 4648 section 5 without padding, there and back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const text = toBase64url(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64url"));
      expect(fromBase64url(text)).toEqual(bytes);
    }),
  );
});

test.each(["A", "AAAAA", "AB", "AAB", "AA==", "A+", "A/", "A A", "AA\n", "é"])(
  "refuses %o: not the one spelling",
  (text) => {
    expect(codeOf(() => fromBase64url(text))).toBe("BAD_BASE64URL");
  },
);

test("every text is the one spelling of some bytes, or refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 12 }), fc.base64String({ maxLength: 12 })), (text) => {
      codeOf(() => expect(toBase64url(fromBase64url(text))).toBe(text));
    }),
    { numRuns: 500 },
  );
});
