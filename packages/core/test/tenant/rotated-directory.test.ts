import { nativeCrypto } from "@selkie/crypto/native";
import { parseCiphertext, type VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { foundTenant } from "../../src/directory/founding.ts";
import { newIdentity, userKemOf } from "../../src/directory/identity.ts";
import { statementId } from "../../src/directory/statement.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { newKeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits } from "../../src/keys/permit.ts";
import { type SealedLink, sealLink } from "../../src/keys/version-link.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { importDeviceKeys } from "../../src/tenant/device-keys.ts";
import { DirectoryLog } from "../../src/tenant/directory-log.ts";
import type { TenantContext } from "../../src/tenant/tenant-context.ts";
import { newTenantData } from "../../src/tenant/tenant-data.ts";
import { pattern, repeatableCrypto } from "../fixture.ts";
import { DirectoryAuthor, withHole } from "./directory-author.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const founded = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
const [first] = founded.keys;
const [founding, grant] = founded.runs;
if (first === undefined || founding === undefined || grant === undefined) throw new RangeError("a founded tenant");
const keyId = first.keyId;

/** A device that was given the second version of the directory key and nothing before, and what it makes of a rotation with these links. */
async function readAfterRotation(tamper: (link: SealedLink) => SealedLink) {
  const keys = await importDeviceKeys(crypto, alice, founded.tenant, newTenantData("user", founded.slotSalt, null));
  const second = await newKeyVersion(crypto, "directory", keyId);
  const author = await DirectoryAuthor.of({ tenant: founded, device: keys.device, admission: founded.admission });
  const over = [statementId(crypto, founding?.entries[0]?.id ?? expect.fail("an entry"), 1)];
  const link = tamper(await sealLink(crypto, second, first ?? expect.fail("a key")));
  const run = await author.write([
    author.statement({ type: "rotate", keyId, over, commitment: second.version, links: [] }),
    author.statement({ type: "link", keyId, version: second.version, links: [link] }, second),
    ...draftPermits(crypto, [{ kem: (await userKemOf(crypto, alice)).publicKey }], [second], "full"),
  ]);
  const store = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  const ring = new KeyRing(crypto, founded.directory);
  const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), founded.tenant);
  const platform = { crypto, report: (error: unknown) => expect.fail(String(error)) };
  const { tenant, admission: admittedBy } = founded;
  const context = { platform, tenant, admittedBy, store, ring, local, keys } as unknown as TenantContext;
  const log = new DirectoryLog(context, founded.directory, store.entries(founded.tenant, founded.directory));
  const runs = [founding, withHole(grant ?? expect.fail("a run"), 3), run].filter(
    (each): each is VerifiedRun => !!each,
  );
  await store.entries(founded.tenant, founded.directory).append(runs);
  await log.all();
  return { log, ring, second };
}

test("who is given the newest directory key alone reads the directory from its beginning, and seals under the newest", async () => {
  const { log, ring, second } = await readAfterRotation((link) => link);
  expect(log.view.found?.name).toBe("acme-corp");
  expect(log.view.users().map(({ name }) => name)).toEqual(["CN=alice/O=acme"]);
  expect(ring.current(keyId)?.version).toEqual(second.version);
  expect(ring.unconfirmed()).toEqual([]);
});

test("A1 a forged link opens nothing and confirms nothing", async () => {
  const flip = ({ version, sealed }: SealedLink): SealedLink => ({
    version,
    sealed: parseCiphertext(sealed.with(0, (sealed[0] ?? 0) ^ 1)),
  });
  const { log, ring } = await readAfterRotation(flip);
  expect(log.view.found).toBeNull();
  expect(ring.confirmed()).toEqual([]);
  expect(ring.current(keyId)).toBeUndefined();
});
