// What a revocation asks of the crypto provider: how often, not how long.
import { nativeCrypto } from "@selkie/crypto/native";
import { afterEach, expect, test, vi } from "vitest";
import { found, join } from "./support/company.ts";

afterEach(() => vi.restoreAllMocks());

test("a revocation wraps once for each person left, whatever the number of keys, and opens and verifies nothing of its own", async () => {
  await using alice = await found();
  await using bob = await join(alice, "bob", "editor");
  await using carol = await join(alice, "carol", "editor");
  const { directory } = alice.tenant;
  for (const key of ["board", "sales", "staff"]) await directory.createKey(key, { share: [bob.name, carol.name] });
  const wrapMany = vi.spyOn(nativeCrypto, "wrapMany");
  const others = [
    vi.spyOn(nativeCrypto, "wrap"),
    vi.spyOn(nativeCrypto, "unwrap"),
    vi.spyOn(nativeCrypto, "verifyMany"),
  ];
  await directory.revokeUser(bob.name);
  expect(wrapMany.mock.calls.flatMap(([, items]) => items)).toHaveLength(2); // herself and Carol
  for (const other of others) expect(other).not.toHaveBeenCalled();
});
