// What the directory of a hundred people costs a new device that reads it through a relay.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId, recipientName, type VerifiedRun, type Wanted } from "@selkie/entry";
import { memoryStore, type Store } from "@selkie/store";
import { pipe, runSession } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { foundTenant } from "../../src/directory/founding.ts";
import { newIdentity } from "../../src/directory/identity.ts";
import type { GrantStatement, Statement } from "../../src/directory/statement.ts";
import { type KeyVersion, newKeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits } from "../../src/keys/permit.ts";
import { grantTo } from "../directory/world.ts";
import { repeatableCrypto } from "../fixture.ts";
import { DirectoryAuthor } from "./directory-author.ts";

const crypto = nativeCrypto;
const PEOPLE = 100;
/** Of the key that documents are sealed under. */
const ROTATIONS = 10;
/** Permits that an entry holds at most. */
const ENTRY = 64;

/** Alice admits them one after the other, and turns the default key now and then. */
async function directoryOf(people: readonly GrantStatement[]): Promise<{
  readonly tenant: Awaited<ReturnType<typeof foundTenant>>;
  readonly runs: readonly VerifiedRun[];
}> {
  const identity = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
  const tenant = await foundTenant(crypto, { name: "acme-corp", identity, history: "full" });
  const device = await crypto.importSigningKey(identity.deviceSignSeed);
  const author = await DirectoryAuthor.of({ tenant, device, admission: parseStatementId(tenant.admission) });
  const [, defaultKey] = tenant.keys as readonly [KeyVersion, KeyVersion];
  const permit = (versions: readonly KeyVersion[], count: number): Statement => ({
    type: "permit",
    history: "full",
    versions: versions.map(({ keyId, version }) => ({ keyId, version })),
    to: Array.from({ length: count }, () => ({
      type: "statement" as const,
      id: parseStatementId(crypto.randomBytes(32)),
    })),
  });
  const runs = [...tenant.runs];
  for (const person of people) {
    const drafts = draftPermits(crypto, [{ kem: person.userKem }], tenant.keys, "full");
    runs.push(await author.write([author.statement(person), author.statement(permit(tenant.keys, 1)), ...drafts]));
  }
  for (let turn = 0; turn < ROTATIONS; turn += 1) {
    const version = await newKeyVersion(crypto, "default", defaultKey.keyId);
    for (let at = 0; at < people.length; at += ENTRY) {
      const some = people.slice(at, at + ENTRY);
      const drafts = draftPermits(
        crypto,
        some.map(({ userKem }) => ({ kem: userKem })),
        [version],
        "full",
      );
      runs.push(await author.write([author.statement(permit([version], some.length)), ...drafts]));
    }
  }
  return { tenant, runs };
}

/** Bytes on the wire until somebody new has all of it. */
async function costOf(
  relay: Store,
  at: Awaited<ReturnType<typeof foundTenant>>,
  wanted: Wanted | null,
): Promise<number> {
  const mine = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  const [near, far] = pipe();
  const common = {
    verifier: crypto,
    scheduler: { after: () => () => undefined },
    random: crypto.randomBytes,
    generation: new Uint8Array(8),
    credentials: null,
    gatekeeper: null,
    tenant: at.tenant,
  };
  const replica = mine.entries(at.tenant, at.directory);
  await using theirs = runSession(far, {
    ...{ ...common, role: "listener" as const, origin: ["pipe:test"] },
    open: async () => relay.entries(at.tenant, at.directory),
  });
  await using session = runSession(near, {
    ...{ ...common, role: "dialler" as const, origin: "pipe:test" },
    open: async () => replica,
  });
  let bytes = 0;
  session.on("received", (received) => {
    bytes += received.bytes;
  });
  await Promise.all([theirs.ready, session.ready]);
  await session.openDatabases([{ replica, ...(wanted === null ? {} : { wanted }) }]);
  await session.synced([at.directory]);
  expect(await replica.vector()).toEqual(await relay.entries(at.tenant, at.directory).vector());
  return bytes;
}

test("the directory of 100 people who saw 10 rotations costs a new device less than a quarter of what it is", async () => {
  const people: GrantStatement[] = [];
  for (let nth = 0; nth < PEOPLE; nth += 1) people.push(await grantTo(`CN=person ${nth}/O=acme`, "editor"));
  const { tenant, runs } = await directoryOf(people);
  const relay = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  await relay.entries(tenant.tenant, tenant.directory).append(runs);
  const [person] = people;
  if (person === undefined) throw new RangeError("nobody");
  const all = await costOf(relay, tenant, null);
  const recipients = [person.userKem, person.deviceKem].map((kem) => recipientName(crypto, kem));
  const own = await costOf(relay, tenant, { recipients, tags: [], contentsOnly: false });
  expect(all).toBeGreaterThan(PEOPLE * (1 + ROTATIONS) * 1_186);
  expect(own).toBeLessThan(420_000);
  expect(own).toBeLessThan(all / 4);
});
