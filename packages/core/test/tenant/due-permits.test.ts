// Entries of the directory with holes where permits were: which of them are missed, and what relays are told.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId, recipientName, toHex, type VerifiedEntry, type VerifiedRun } from "@selkie/entry";
import { memoryStore, type Store } from "@selkie/store";
import { beforeEach, describe, expect, test } from "vitest";
import { foundTenant } from "../../src/directory/founding.ts";
import { newIdentity } from "../../src/directory/identity.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { newKeyId, newKeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits } from "../../src/keys/permit.ts";
import { importDeviceKeys } from "../../src/tenant/device-keys.ts";
import { DirectoryLog } from "../../src/tenant/directory-log.ts";
import type { DeviceKeys, PartsPolicy, TenantContext } from "../../src/tenant/tenant-context.ts";
import { newTenantData } from "../../src/tenant/tenant-data.ts";
import { repeatableCrypto } from "../fixture.ts";
import { DirectoryAuthor, withHole } from "./directory-author.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const founded = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
const device = await crypto.importSigningKey(alice.deviceSignSeed);
const stranger = (await crypto.importKemKey(crypto.randomBytes(32))).publicKey;

let store: Store;
let log: DirectoryLog;
let keys: DeviceKeys;

/** A log on an empty store, by who holds Alice's secrets. */
async function begin(parts: PartsPolicy = "own-permits"): Promise<void> {
  const { tenant, directory, slotSalt, admission } = founded;
  store = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  keys = await importDeviceKeys(crypto, alice, tenant, newTenantData("user", slotSalt, null));
  const context = {
    ...{ platform: { crypto, report: () => undefined }, tenant, admittedBy: admission, store, keys, parts },
    ring: new KeyRing(crypto, directory),
  } as unknown as TenantContext;
  log = new DirectoryLog(context, directory, store.entries(tenant, directory));
}

async function arrive(...runs: readonly VerifiedRun[]): Promise<void> {
  const results = await store.entries(founded.tenant, founded.directory).append(runs);
  await log.read(runs.filter((_, at) => results[at]?.type === "appended"));
}

const lacking = () => log.due.lacking().map(({ seq }) => seq);
const author = () => DirectoryAuthor.of({ tenant: founded, device, admission: parseStatementId(founded.admission) });

/** An entry that says it gives Alice a key, with permits for these: control part, statement, a permit for each, bundle. */
async function giving(...kems: readonly Uint8Array[]): Promise<VerifiedRun> {
  const by = await author();
  const version = await newKeyVersion(crypto, "board", newKeyId(crypto, by.writer).keyId);
  const versions = [{ keyId: version.keyId, version: version.version }];
  const to = [{ type: "statement" as const, id: parseStatementId(founded.admission) }];
  const permits = draftPermits(
    crypto,
    kems.map((kem) => ({ kem })),
    [version],
    "full",
  );
  return by.write([by.statement({ type: "permit", history: "full", versions, to }), ...permits]);
}
const alices = () => keys.person.userKeys[0]?.kem.publicKey ?? new Uint8Array();

beforeEach(() => begin());

describe("a hole of the directory", () => {
  test("is missed in an entry that cannot be read, until the entry is whole", async () => {
    const [founding, first] = founded.runs as readonly [VerifiedRun, VerifiedRun];
    const permits = (first.entries[0]?.parts ?? []).flatMap(({ kind }, index) => (kind === 3 ? [index] : []));
    const holed = permits.reduce(withHole, first);
    await arrive(founding, holed);
    expect(log.view.found).toBeNull();
    expect(lacking()).toEqual([1]);
    await arrive(first);
    expect(log.view.found).not.toBeNull();
    expect(lacking()).toEqual([]);
  });

  test("is no matter where the entry says that its permits are for others", async () => {
    const by = await author();
    const versions = founded.keys.map(({ keyId, version }) => ({ keyId, version }));
    const to = [{ type: "statement" as const, id: parseStatementId(crypto.randomBytes(32)) }];
    const permits = draftPermits(crypto, [{ kem: stranger }], founded.keys, "full");
    const run = await by.write([by.statement({ type: "permit", history: "full", versions, to }), ...permits]);
    await arrive(...founded.runs, withHole(withHole(run, 2), 3));
    expect(lacking()).toEqual([]);
  });

  test("is missed where the entry says that it gives this person what is not here, be it the permit or what that opens", async () => {
    const run = await giving(alices(), stranger);
    await arrive(...founded.runs, withHole(run, 2));
    expect(lacking()).toEqual([0]);
    expect(log.due.lacks(withHole(run, 2).entries[0] as VerifiedEntry)).toBe(true);

    await begin();
    await arrive(...founded.runs, withHole(run, 4));
    expect(lacking()).toEqual([0]);
    await arrive(run);
    expect(lacking()).toEqual([]);
    expect(log.due.lacks(run.entries[0] as VerifiedEntry)).toBe(false);
  });

  test("of others is no matter where the person's own permit came", async () => {
    await arrive(...founded.runs, withHole(await giving(alices(), stranger), 3));
    expect(lacking()).toEqual([]);
  });

  test("is missed no more once the entry is whole, if it gives this person nothing after all, whatever it says", async () => {
    const run = await giving(stranger);
    await arrive(...founded.runs, withHole(run, 2));
    expect(lacking()).toEqual([0]);
    await arrive(run);
    expect(lacking()).toEqual([]);
  });

  test("is missed by who wants everything", async () => {
    await begin("all");
    await arrive(...founded.runs, withHole(await giving(alices(), stranger), 3));
    expect(lacking()).toEqual([0]);
  });
});

describe("relays are told", () => {
  test("this device's and this person's keys, by name", () => {
    const names = [keys.deviceKem.publicKey, alices()].map((kem) => toHex(recipientName(crypto, kem)));
    expect(log.due.wanted()?.recipients.map(toHex)).toEqual(names);
  });

  test("nothing by who has more keys than can be told, or wants everything", async () => {
    for (let nth = 0; nth < 14; nth += 1) await keys.person.addUserKey(crypto.randomBytes(32));
    expect(log.due.wanted()?.recipients).toHaveLength(16);
    await keys.person.addUserKey(crypto.randomBytes(32));
    expect(log.due.wanted()).toBeNull();
    await begin("all");
    expect(log.due.wanted()).toBeNull();
  });
});
