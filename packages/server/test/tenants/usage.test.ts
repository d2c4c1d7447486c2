import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TenantUsage } from "../../src/tenants/usage.ts";
import { identityOf } from "../fixtures/identity.ts";
import { loginKeyOf } from "../fixtures/test-tenant.ts";

const [one, two, three] = ["one", "two", "three"].map((name) => loginKeyOf(identityOf(name)));
const keys = [one, two, three].filter((key) => key !== undefined);
const [first = keyMissing(), second = keyMissing()] = keys;

function keyMissing(): never {
  throw new TypeError("no key");
}

describe("TenantUsage", () => {
  test("refuses a login key that used up its share, and serves the others", () => {
    const usage = new TenantUsage({ tenantBytes: 1_000, loginKeyBytes: 100 }, new Map());
    expect(usage.charge(first, 100)).not.toBeNull();
    expect(usage.charge(first, 1)).toBeNull();
    expect(usage.charge(second, 100)).not.toBeNull();
  });

  test("refuses everybody once the tenant used up its share", () => {
    const usage = new TenantUsage({ tenantBytes: 150, loginKeyBytes: 100 }, new Map());
    usage.charge(first, 100);
    expect(usage.charge(second, 51)).toBeNull();
    expect(usage.charge(second, 50)).not.toBeNull();
  });

  test("charges nothing also when the share was made smaller than what is used", () => {
    const usage = new TenantUsage({ tenantBytes: 10, loginKeyBytes: 10 }, new Map());
    expect(usage.charge(first, 0)).not.toBeNull();
  });

  test("gives back what a write did not keep, once", () => {
    const usage = new TenantUsage({ tenantBytes: 100, loginKeyBytes: 100 }, new Map());
    const charge = usage.charge(first, 80);
    charge?.settle(30);
    charge?.settle(0);
    expect([usage.bytesOf(first), usage.totalBytes, usage.isUnsaved(first)]).toEqual([30, 30, true]);
    expect(usage.save(first)).toBe(30);
    expect(usage.isUnsaved(first)).toBe(false);
  });

  test("the tenant's bytes are the sum of its keys' and never above the share, in any order of charges", () => {
    const steps = fc.array(
      fc.record({ key: fc.nat(2), bytes: fc.nat(60), kept: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(steps, (list) => {
        const usage = new TenantUsage({ tenantBytes: 200, loginKeyBytes: 90 }, new Map());
        const open = list.map(({ key, bytes, kept }) => ({
          charge: usage.charge(keys[key] ?? first, bytes),
          kept,
          bytes,
        }));
        for (const { charge, kept, bytes } of open) {
          expect(usage.totalBytes).toBeLessThanOrEqual(200);
          charge?.settle(Math.floor(kept * bytes));
        }
        const sum = keys.reduce((total, key) => total + usage.bytesOf(key), 0);
        expect(usage.totalBytes).toBe(sum);
        for (const key of keys) expect(usage.bytesOf(key)).toBeLessThanOrEqual(90);
      }),
    );
  });
});
