import fc from "fast-check";
import { expect, test } from "vitest";
import { BegunChains } from "../../src/tenants/begun-chains.ts";
import { identityOf } from "../fixtures/identity.ts";
import { loginKeyOf } from "../fixtures/test-tenant.ts";
import { databaseOf } from "../fixtures/test-writer.ts";

const contacts = databaseOf("contacts");
const logins = ["alice", "bob", "carol"].map((name) => loginKeyOf(identityOf(name)));

test("F4 nobody begins more chains of a database than are left, however they come, so there is room for who comes next", () => {
  const asks = fc.array(fc.record({ login: fc.nat(2), chains: fc.integer({ min: 1, max: 400 }) }));
  fc.assert(
    fc.property(asks, (list) => {
      const begun = new BegunChains([], 1_000);
      let chains = 0;
      for (const { login, chains: asked } of list) {
        const key = logins[login] ?? expect.fail("a login");
        const more = Math.min(asked, begun.room(contacts, key, chains));
        begun.note(contacts, key, more);
        chains += more;
        if (more > 0) expect(begun.of(contacts, key)).toBeLessThanOrEqual(1_000 - chains + 1);
      }
      expect(chains).toBeLessThan(1_000 * (7 / 8) + 3);
      expect(begun.room(databaseOf("other"), logins[0] ?? expect.fail("a login"), 0)).toBe(500);
    }),
  );
});
