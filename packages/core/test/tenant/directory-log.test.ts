import type { SigningKey } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { compareBytes, parseStatementId, runOf, type VerifiedRun } from "@selkie/entry";
import { type EntryStore, memoryStore, type Store } from "@selkie/store";
import { beforeEach, describe, expect, test } from "vitest";
import { proveFork } from "../../src/directory/fork.ts";
import { type FoundedTenant, foundTenant } from "../../src/directory/founding.ts";
import { newIdentity } from "../../src/directory/identity.ts";
import type { Statement } from "../../src/directory/statement.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { type KeyVersion, newKeyId, newKeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits, draftUserKeys } from "../../src/keys/permit.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { encodeControlPart } from "../../src/sealing/control-part.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { importDeviceKeys } from "../../src/tenant/device-keys.ts";
import { DirectoryLog } from "../../src/tenant/directory-log.ts";
import { directoryReplicaOf } from "../../src/tenant/directory-replica.ts";
import { missingOfDirectory } from "../../src/tenant/missing-part.ts";
import { MAX_PARKED, ParkedPlaces } from "../../src/tenant/parked-places.ts";
import type { DeviceKeys, TenantContext } from "../../src/tenant/tenant-context.ts";
import { newTenantData } from "../../src/tenant/tenant-data.ts";
import { digestOf, grantTo, keysOf } from "../directory/world.ts";
import { pattern, repeatableCrypto } from "../fixture.ts";
import { DirectoryAuthor, withHole } from "./directory-author.ts";

const crypto = nativeCrypto;
const alice = newIdentity(repeatableCrypto("alice"), "CN=alice/O=acme");
const founded = await foundTenant(crypto, { name: "acme-corp", identity: alice, history: "full" });
const device = await crypto.importSigningKey(alice.deviceSignSeed);
const reported: unknown[] = [];

let store: Store;
let log: DirectoryLog;
let ring: KeyRing;
let reads = 0;
let keys: DeviceKeys;

/** A log on an empty store, by who holds Alice's secrets. */
async function begin(tenant: FoundedTenant = founded): Promise<void> {
  store = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  await open(tenant);
}

/** The same device, started again: what it has is in its store. */
async function startAgain(): Promise<void> {
  await open(founded);
  await log.all();
}

async function open({ tenant, directory, slotSalt, admission }: FoundedTenant): Promise<void> {
  ring = new KeyRing(crypto, directory);
  reads = 0;
  keys = await importDeviceKeys(crypto, alice, tenant, newTenantData("user", slotSalt, null));
  const context = {
    platform: { crypto, report: (error: unknown) => reported.push(error) },
    tenant,
    admittedBy: admission,
    store,
    ring,
    local: new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), tenant),
    keys,
  } as unknown as TenantContext;
  const inner = store.entries(tenant, directory);
  const counting = {
    vector: () => inner.vector(),
    scan: () => inner.scan(),
    read: (...args: Parameters<EntryStore["read"]>) => {
      reads += 1;
      return inner.read(...args);
    },
  } as EntryStore;
  log = new DirectoryLog(context, directory, counting);
}

/** As sync does: stored first, then read. */
async function arrive(...runs: readonly VerifiedRun[]) {
  const results = await store.entries(founded.tenant, founded.directory).append(runs);
  return log.read(runs.filter((_, at) => results[at]?.type === "appended"));
}

const author = (more: { device?: SigningKey; admission?: Uint8Array; key?: KeyVersion } = {}) =>
  DirectoryAuthor.of({
    tenant: founded,
    device: more.device ?? device,
    admission: parseStatementId(more.admission ?? founded.admission),
    ...(more.key === undefined ? {} : { key: more.key }),
  });
const unknownKey = () => newKeyVersion(crypto, "unknown", crypto.randomBytes(16));
const strangerDevice = () => crypto.importSigningKey(crypto.randomBytes(32));
const names = () =>
  log.view
    .users()
    .map(({ name }) => name)
    .sort();
const grant = async (name: string): Promise<Statement> => grantTo(name, "editor");

beforeEach(() => begin());

describe("what this device is about to say", () => {
  for (const between of ["nothing", "what another says", "what takes the author out"] as const)
    test(`is in the directory once it is read, with what stands behind it, as if it were read anew, where ${between} came between`, async () => {
      const own = await author();
      const other = await author();
      await arrive(...founded.runs, await own.write([]));
      const statement = await grant("bob");
      const permit: Statement = { type: "permit", history: "full", versions: [], to: [{ type: "part", index: 0 }] };
      const said = await own.write([own.statement(statement)]);
      const behind = await own.write([own.statement(permit)]);
      const [{ id, header }] = said.entries as [VerifiedRun["entries"][number]];
      const place = { entry: id, writer: own.writer, seq: header.seq, certificate: log.certified(own.writer) };
      const foreseen = log.foresee(place, [statement]);
      expect(foreseen.users().map(({ name }) => name)).toContain("bob");
      expect(names()).not.toContain("bob");
      if (between === "what another says") await arrive(await other.write([other.statement(await grant("carol"))]));
      if (between === "what takes the author out") {
        const revoke = { type: "revoke", identityKeys: [], cuts: [], wipe: null } as const;
        await arrive(await other.write([other.statement({ ...revoke, targets: [founded.admission] })]));
      }
      await store.entries(founded.tenant, founded.directory).append([said, behind]);
      const control = {
        kind: "control",
        plaintext: encodeControlPart({ certificate: null, frontier: [], vector: null }),
      };
      const parts = [own.statement(statement), own.statement(permit)];
      const drafts = parts.map((part): PartDraft[] => [{ ...part, ...control } as PartDraft, part]);
      await log.own({ runs: [said, behind], drafts });
      const seen = digestOf(log.view);
      expect(names().includes("bob")).toBe(between !== "what takes the author out");
      await startAgain();
      expect(digestOf(log.view)).toBe(seen);
    });
});

describe("the frontier", () => {
  test("chains that nobody admitted take no place in it, however many there are and however low their ids", async () => {
    const honest = await author();
    const key = await unknownKey();
    const junk: VerifiedRun[] = [];
    for (let at = 0; at < 80; at++) {
      const stranger = await author({ device: await strangerDevice(), ...(at % 2 === 0 ? { key } : {}) });
      junk.push(await stranger.write([]));
    }
    const honestRun = await honest.write([honest.statement(await grant("bob"))]);
    await arrive(...founded.runs, ...junk, honestRun);
    const root = founded.runs[1]?.entries[0]?.id ?? founded.tenant;
    expect(log.frontier(null)).toEqual([root, honest.tip].sort(compareBytes));
    expect(log.frontier(honest.writer)).toEqual([root]);
  });

  test("what such a chain names stays listed; what an admitted chain names does not", async () => {
    const honest = await author();
    const stranger = await author({ device: await strangerDevice() });
    await arrive(...founded.runs, await honest.write([honest.statement(await grant("bob"))]));
    await arrive(await stranger.write([], [honest.tip]));
    expect(log.frontier(null)).toContainEqual(honest.tip);
    const other = await author();
    await arrive(await other.write([], [honest.tip]));
    expect(log.frontier(null)).not.toContainEqual(honest.tip);
  });

  test("a chain counts as soon as the statement that admits it is there", async () => {
    const honest = await author();
    const bobs = await crypto.importSigningKey(pattern("device of bob", 32));
    expect(bobs.publicKey).toEqual((await keysOf("bob")).sign);
    const granting = await honest.write([honest.statement(await grant("bob"))]);
    const other = await begun(granting);
    const bob = await author({ device: bobs, admission: other });
    const first = await bob.write([]);
    await arrive(...founded.runs, first);
    expect(log.frontier(null)).not.toContainEqual(bob.tip);
    await arrive(granting);
    expect(log.frontier(null)).toContainEqual(bob.tip);
  });
});

/** The id of the grant that this run holds. */
async function begun(run: VerifiedRun): Promise<Uint8Array> {
  await arrive(...founded.runs, run);
  const id = log.view.users().find(({ name }) => name === "bob")?.id;
  await begin();
  return id ?? new Uint8Array(32);
}

describe("what can't be read yet", () => {
  test("D7 is looked at again when its key comes, and not before", async () => {
    const honest = await author();
    const [hidden, late] = [await unknownKey(), await unknownKey()];
    await arrive(...founded.runs);
    await arrive(await honest.write([honest.statement(await grant("bob"), hidden)]));
    await arrive(await honest.write([honest.statement(await grant("carol"), late)]));
    await arrive(await honest.write([honest.statement(await grant("dave"))]));
    expect({ names: names(), reads }).toEqual({ names: ["CN=alice/O=acme", "dave"], reads: 0 });
    ring.add(late);
    await arrive(await honest.write([]));
    expect({ names: names(), reads }).toEqual({ names: ["CN=alice/O=acme", "carol", "dave"], reads: 1 });
    ring.add(hidden);
    expect((await log.read([])).changed).toBe(true);
    expect({ names: names(), reads }).toEqual({ names: ["CN=alice/O=acme", "bob", "carol", "dave"], reads: 2 });
  });

  test("D7 of the places of entries at most 4,096 are held, each once, and all are read again when that was not enough", async () => {
    const parked = new ParkedPlaces();
    const [entry] = founded.runs[0]?.entries ?? [];
    if (entry === undefined) throw new RangeError("no founding entry");
    for (let at = 0; at < MAX_PARKED + 10; at++) {
      parked.park(entry, pattern(`tag ${at}`, 16));
      parked.park(entry, pattern(`tag ${at}`, 16));
      expect(parked.isFull).toBe(at >= MAX_PARKED);
    }
    parked.clear();
    expect({ full: parked.isFull, chains: parked.chains().size }).toEqual({ full: false, chains: 0 });
  });

  test("D7 an entry that found no place to wait in is found when a permit brings its key", async () => {
    const honest = await author();
    const junk = await author({ device: await strangerDevice(), key: await unknownKey() });
    const flood: VerifiedRun[] = [];
    const some = await Promise.all(Array.from({ length: 64 }, () => unknownKey()));
    for (let at = 0; at < MAX_PARKED / 64; at++)
      flood.push(
        await junk.write(await Promise.all(some.map(async (key) => junk.statement(await createKey(key), key)))),
      );
    const late = await unknownKey();
    await arrive(...founded.runs, ...flood);
    await arrive(await honest.write([honest.statement(await grant("bob"), late)]));
    expect(names()).toEqual(["CN=alice/O=acme"]);
    const kem = await crypto.importKemKey(alice.userSeed);
    await arrive(await honest.write(draftPermits(crypto, [{ kem: kem.publicKey }], [late], "full")));
    expect(names()).toEqual(["CN=alice/O=acme", "bob"]);
  });

  test("a statement that came as a hole is read when it comes again", async () => {
    const honest = await author();
    const run = await honest.write([honest.statement(await grant("bob"))]);
    await arrive(...founded.runs, withHole(run, 1));
    expect(names()).toEqual(["CN=alice/O=acme"]);
    expect((await arrive(runOf(run.entries))).changed).toBe(true);
    expect(names()).toEqual(["CN=alice/O=acme", "bob"]);
  });
});

async function createKey(key: KeyVersion, nonce: Uint8Array = crypto.randomBytes(16)): Promise<Statement> {
  return { type: "createKey", nonce, name: "board", commitment: key.version, history: "full" };
}

describe("a key that came in a permit", () => {
  const forAlice = async (keys: readonly KeyVersion[]) => {
    const kem = await crypto.importKemKey(alice.userSeed);
    return draftPermits(crypto, [{ kem: kem.publicKey }], keys, "full");
  };

  test("A1 and that nobody committed to is dropped, though strangers push what can't be read", async () => {
    const stranger = await author({ device: await strangerDevice(), key: await unknownKey() });
    await arrive(...founded.runs, await stranger.write([]));
    const forged = await unknownKey();
    const honest = await author();
    const { unauthentic } = await arrive(await honest.write(await forAlice([forged])));
    expect(unauthentic).toEqual([forged.keyId]);
    expect(ring.unconfirmed()).toEqual([]);
  });

  test("A1 stays unconfirmed while something of an admitted author can't be read: the statement may be there", async () => {
    const honest = await author();
    const hidden = await unknownKey();
    await arrive(...founded.runs, await honest.write([honest.statement(await grant("bob"), hidden)]));
    const key = await unknownKey();
    expect((await arrive(await honest.write(await forAlice([key])))).unauthentic).toEqual([]);
    expect(ring.unconfirmed().map(({ version }) => version)).toEqual([key.version]);
  });

  test("A1 is taken up after all when the statement that names it comes later than its permit", async () => {
    const [maker, giver] = [await author(), await author()];
    const { nonce, keyId } = newKeyId(crypto, maker.writer);
    const board = await newKeyVersion(crypto, "board", keyId);
    await arrive(...founded.runs);
    expect((await arrive(await giver.write(await forAlice([board])))).unauthentic).toEqual([keyId]);
    const news = await arrive(await maker.write([maker.statement(await createKey(board, nonce))]));
    expect(news).toMatchObject({ changed: true, newKeys: true, unauthentic: [] });
    expect(ring.current(keyId)?.version).toEqual(board.version);
  });
});

test("nothing of this is an error of the device", () => expect(reported).toEqual([]));

test("A2 of a person's keys those are taken that a statement of the person names, whatever else an entry gives", async () => {
  const secretOf = async (name: string) => {
    const seed = pattern(name, 32);
    const { publicKey } = await crypto.importKemKey(seed);
    return { kem: publicKey, secret: { kind: "user" as const, name: identityKeyName(crypto, publicKey), seed } };
  };
  const [next, planted, foreign] = await Promise.all(["next", "planted", "foreign"].map(secretOf));
  if (!next || !planted || !foreign) return expect.fail("three keys");
  const own = [{ kem: keys.deviceKem.publicKey }];
  const say = (kem: Uint8Array): Statement => ({
    type: "userKey",
    kem,
    slot: pattern("slot", 32),
    over: [parseStatementId(founded.admission)],
    to: [parseStatementId(founded.admission)],
  });

  await arrive(...founded.runs);
  const genuine = await author();
  const parts = draftUserKeys(crypto, own, [next.secret, planted.secret]);
  await arrive(await genuine.write([genuine.statement(say(next.kem)), ...parts]));
  const stranger = await author({ device: await strangerDevice() });
  const forged = draftUserKeys(crypto, own, [foreign.secret]);
  await arrive(await stranger.write([stranger.statement(say(foreign.kem)), ...forged]));
  const held = keys.person.userKeys.map(({ name }) => name);
  expect(held).toContainEqual(next.secret.name);
  expect(held).not.toContainEqual(planted.secret.name);
  expect(held).not.toContainEqual(foreign.secret.name);
  expect(held).toHaveLength(2);
});

describe("a chain of the directory that forks", () => {
  /** Alice's device signs twice, and somebody proves it. */
  async function forked() {
    const [member, honest] = [await author(), await author()];
    const twin = member.twin();
    const [ours, theirs] = [await member.write([]), await twin.write([])];
    await arrive(...founded.runs, ours);
    const stored = store.entries(founded.tenant, founded.directory);
    const proof = await proveFork(stored, theirs.entries);
    if (proof === null) return expect.fail("a proof");
    return { member, twin, theirs, stored, proof: await honest.write([honest.statement(proof)]) };
  }

  test("A4 has no place in the frontier while nobody has said which branch counts: who holds the other could not get it", async () => {
    const { member, proof } = await forked();
    expect(log.frontier(null)).toContainEqual(member.tip);
    await arrive(proof);
    expect(log.frontier(null)).not.toContainEqual(member.tip);
  });

  test("A4 excuses entries of the other branch that are in the proof, or that came, and no others", async () => {
    const { twin, theirs, stored, proof } = await forked();
    const [inProof] = theirs.entries;
    const further = await twin.write([]);
    const [behind] = further.entries;
    const [unknown] = (await twin.write([])).entries;
    if (inProof === undefined || behind === undefined || unknown === undefined) return expect.fail("entries");
    const excused = (): readonly boolean[] => [inProof, behind, unknown].map(({ id }) => log.isElsewhere(id));
    expect(excused()).toEqual([false, false, false]);
    await arrive(proof);
    expect(excused()).toEqual([true, false, false]);
    const replica = directoryReplicaOf(stored, {
      ...{ applied: async () => undefined, forked: async () => undefined, replace: async () => null },
      ...{ log, device: crypto.randomBytes(32), hasJoined: () => true, compare: () => undefined },
      missing: missingOfDirectory(stored, log.due, () => undefined),
    });
    await replica.append([further]);
    expect(excused()).toEqual([true, true, false]);
    await startAgain();
    expect(excused()).toEqual([true, true, false]);
    log.named.setLost(twin.writer, 0); // the other branch counts: what is missing of it is to come
    expect(excused()).toEqual([false, false, false]);
  });
});
