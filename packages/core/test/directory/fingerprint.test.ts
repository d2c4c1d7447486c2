import { portableVerifier } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint } from "../../src/directory/fingerprint.ts";

const of = (...fields: readonly Uint8Array[]) => fingerprint(portableVerifier, "test", fields);

test("A14 a fingerprint is 60 digits in groups of five: 199 bits", () => {
  expect(of(Uint8Array.of(1))).toMatch(/^(\d{5} ){11}\d{5}$/);
  expect(60 * Math.log2(10)).toBeGreaterThan(128);
});

test("A14 any change of any field alters a fingerprint, and so does moving a byte between fields", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.nat(),
      (fields, which, at) => {
        const shown = of(...fields);
        const index = which % fields.length;
        const field = fields[index] ?? new Uint8Array();
        const flipped =
          field.length === 0 ? Uint8Array.of(0) : field.with(at % field.length, (field[at % field.length] ?? 0) ^ 1);
        expect(of(...fields.with(index, flipped))).not.toBe(shown);
        expect(of(...fields, new Uint8Array())).not.toBe(shown);
        const next = fields[index + 1];
        if (next === undefined || field.length === 0) return;
        const moved = [field.subarray(0, -1), Uint8Array.from([field.at(-1) ?? 0, ...next])];
        expect(of(...fields.toSpliced(index, 2, ...moved))).not.toBe(shown);
      },
    ),
  );
});

test("A9 a fingerprint means nothing for another purpose", () => {
  expect(fingerprint(portableVerifier, "one", [])).not.toBe(fingerprint(portableVerifier, "two", []));
});
