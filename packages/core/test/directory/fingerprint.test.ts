import { parseTenantId, portableVerifier } from "@selkie/entry";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fingerprint, tenantFingerprint } from "../../src/directory/fingerprint.ts";

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

test("A14 a tenant's fingerprint differs whenever its id or a root key does, by one bit, and with each root that is in force", () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const shown = (tenant: Uint8Array, ...roots: readonly Uint8Array[]) =>
    tenantFingerprint(
      portableVerifier,
      parseTenantId(tenant),
      roots.map((device) => ({ device })),
    );
  const flip = (bytes: Uint8Array, bit: number) => bytes.with(bit >> 3, (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
  fc.assert(
    fc.property(key, key, key, fc.nat(255), (tenant, first, second, bit) => {
      const others = [
        shown(flip(tenant, bit), first),
        shown(tenant, flip(first, bit)),
        shown(tenant, second),
        shown(tenant, first, second),
        shown(tenant),
      ];
      fc.pre(!first.every((byte, at) => byte === second[at]));
      for (const other of others) {
        expect(other.fingerprint).not.toBe(shown(tenant, first).fingerprint);
        expect(other.words).not.toBe(shown(tenant, first).words);
      }
      expect(shown(tenant, first, second)).toEqual(shown(tenant, second, first));
    }),
  );
});
