import { argon2Limits } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { KeyBag } from "@selkie/keybag";
import { MemoryDisk, memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { newIdentity } from "../../src/directory/identity.ts";
import { decodeStatement } from "../../src/directory/statement-codec.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { openKeyVersion } from "../../src/keys/key-version.ts";
import { openEntries } from "../../src/sealing/open-entry.ts";
import { createTenant, type TenantHost } from "../../src/tenant/tenant-host.ts";

const crypto = nativeCrypto;
const alice = newIdentity(crypto, "CN=alice/O=acme");
const platform = {
  crypto,
  scheduler: { after: () => () => undefined },
  now: () => 0,
  loadAutomerge: async () => undefined,
  report: (error: unknown) => expect.fail(String(error)),
};

async function newHost(): Promise<TenantHost> {
  const store = memoryStore({ verifier: crypto, random: crypto.randomBytes, disk: new MemoryDisk() });
  const kdf = { memory: argon2Limits.memory.floor, passes: argon2Limits.passes.floor, lanes: 1 };
  const keyBag = await KeyBag.create("correct horse", { kdf });
  await keyBag.addIdentity(alice);
  return { platform, store, bag: { keyBag, save: async () => undefined }, onClosed: () => undefined };
}

/** Of each entry of the directory, what it states. */
async function statedIn({ store, bag }: TenantHost): Promise<readonly (readonly string[])[]> {
  const [record] = bag.keyBag.tenants();
  if (record === undefined) return expect.fail("a tenant");
  const ring = new KeyRing(crypto, record.directory);
  for (const version of bag.keyBag.keyVersions(record.tenant)) ring.add(await openKeyVersion(crypto, version));
  const stated: string[][] = [];
  for await (const run of store.entries(record.tenant, record.directory).scan())
    for (const parts of await openEntries(crypto, ring, run.entries, ["statement"]))
      stated.push(
        parts.flatMap((part) => (part.type === "opened" ? [decodeStatement(part.plaintext).type] : [])).sort(),
      );
  return stated;
}

test("who takes rights says behind it who gets what follows from that, in entries that are durable together with it", async () => {
  const host = await newHost();
  await using tenant = await createTenant(host, { name: "acme-corp", identity: alice });
  await tenant.directory.createKey("board");
  const stated = await statedIn(host);
  const at = stated.findIndex((types) => types.includes("createKey"));
  expect(stated.slice(at, at + 2)).toEqual([["createKey"], ["permit"]]);
});

test("A3 an admin that ends itself says in the same entry what relays are to know: nothing counts of it behind that", async () => {
  const host = await newHost();
  await using tenant = await createTenant(host, { name: "acme-corp", identity: alice });
  const [own] = await tenant.directory.devices();
  await tenant.directory.revokeDevice(own?.id ?? expect.fail("a device"), { evenLastAdmin: true });
  const revocation = (await statedIn(host)).find((types) => types.includes("revoke"));
  expect(revocation).toContain("accessList");
});
