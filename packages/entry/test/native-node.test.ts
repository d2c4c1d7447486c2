import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { concatBytes, hash, labelled, portableVerifier, toHex } from "../src/index.ts";
import { nativeVerifier } from "../src/native-node.ts";

test.each([nativeVerifier, portableVerifier])(
  "SHA-256 of chunks is SHA-256 of what they join to: $name",
  (verifier) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), (chunks) => {
        const expected = createHash("sha256")
          .update(concatBytes(...chunks))
          .digest("hex");
        expect(toHex(verifier.sha256(...chunks))).toBe(expected);
      }),
    );
  },
);

test.each([0, 1, 16_383, 16_384, 16_385, 1_048_576])("SHA-256 of %d bytes, about the size of the scratch", (length) => {
  const bytes = new Uint8Array(length).fill(7);
  expect(nativeVerifier.sha256(bytes)).toEqual(portableVerifier.sha256(bytes));
  expect(nativeVerifier.sha256(bytes, bytes)).toEqual(portableVerifier.sha256(bytes, bytes));
});

test("a digest is a plain Uint8Array of its own", () => {
  const first = nativeVerifier.sha256(new Uint8Array(1));
  const copy = first.slice();
  nativeVerifier.sha256(new Uint8Array(2));
  expect(first).toEqual(copy);
  expect(first.constructor).toBe(Uint8Array);
});

test("H(label, parts) is SHA-256 of the labelled parts", () => {
  const parts = [new Uint8Array([1]), new Uint8Array([2, 3])];
  expect(hash(nativeVerifier, "entry", ...parts)).toEqual(nativeVerifier.sha256(labelled("entry", ...parts)));
});
