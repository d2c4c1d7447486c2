import { expect, test } from "vitest";
import { Counters } from "../../src/counters.ts";
import { LiveDatabases } from "../../src/replica/live-databases.ts";
import { TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf } from "../fixtures/test-writer.ts";

const subscriber = { announce: () => undefined, compare: () => undefined };

test("F4 what a tenant has a relay remember makes it forget nothing of another's", () => {
  const databases = new LiveDatabases(new Counters(), () => 0);
  const [acme, other] = [new TestTenant("acme"), new TestTenant("other")];
  const open = ({ id }: TestTenant, name: string) => databases.open(id, databaseOf(name), subscriber).live.recently;
  for (const what of ["asked", "replaced"] as const) {
    open(acme, "contacts")[what].note("a login of acme");
    for (let at = 0; at < 9_000; at += 1) open(other, "contacts")[what].note(`a login of the other ${at}`);
    expect(open(acme, "contacts")[what].has("a login of acme")).toBe(true);
    expect(open(acme, "notes")[what].has("a login of acme")).toBe(true); // its databases have it in common
    expect(open(other, "notes")[what].has("a login of the other 0")).toBe(false); // and it is bounded
  }
});
