// A tenant of many people, made in bulk: its directory's entries are sealed here as their devices would seal them, without a device each.
import { createTenant, openTenant, type Tenant, type TenantHost } from "@selkie/core";
import {
  DirectoryEntries,
  draftAccessList,
  encodeStatement,
  grantFor,
  type KeyVersion,
  newIdentity,
  openKeyVersion,
  type PartDraft,
  type RequestedKeys,
  requestedKeys,
  signAccessList,
  statementId,
} from "@selkie/core/internal";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { type EntryId, entryType, limits, type StatementId, type VerifiedRun } from "@selkie/entry";
import { type Identity, KeyBag, type TenantRecord } from "@selkie/keybag";
import { MemoryDisk, memoryStore } from "@selkie/store";
import { encodeAccessList } from "@selkie/sync-protocol";
import { type Author, Chain, type ChainPlace } from "./chain.ts";

/** A person whose keys were made here. */
interface Person {
  readonly identity: Identity;
  readonly keys: RequestedKeys;
  /** The grant. */
  readonly admission: StatementId;
}

/** A tenant, its store, and everybody in it but the founder. */
export interface TenantWorld {
  readonly host: TenantHost;
  readonly record: TenantRecord;
  readonly people: readonly Person[];
}

/** Founds a tenant and lets `users` editors in, with so many devices each. */
export async function manyPeople(users: number, devices: number): Promise<TenantWorld> {
  const host = await newHost();
  const identity = newIdentity(crypto, "CN=founder");
  await host.bag.keyBag.addIdentity(identity);
  await using founded = await createTenant(host, { name: "bench", identity });
  const [record] = host.bag.keyBag.tenants();
  if (record === undefined || record.admittedBy === null) throw new RangeError(`${founded.name} has no record`);
  const device = await crypto.importSigningKey(identity.deviceSignSeed);
  const people = await admit(host, record, { device, admission: record.admittedBy }, users);
  for (const person of people) for (let n = 1; n < devices; n++) await addDevice(host, record, person);
  return { host, record, people };
}

/** Opens the founder's tenant. */
export function openWorld({ host, record }: TenantWorld): Promise<Tenant> {
  return openTenant(host, record);
}

/** A KeyBag and a store in memory. */
async function newHost(): Promise<TenantHost> {
  const store = memoryStore({
    verifier: crypto,
    random: (length) => crypto.randomBytes(length),
    disk: new MemoryDisk(),
  });
  const keyBag = await KeyBag.create("a password for the benchmark");
  return {
    platform: {
      crypto,
      scheduler: {
        after: (ms, run) => {
          const timer = setTimeout(run, ms);
          return () => clearTimeout(timer);
        },
      },
      now: () => 0,
      loadAutomerge: async () => void (await import("@automerge/automerge")),
      report: (error) => {
        throw error;
      },
    },
    store,
    bag: { keyBag, save: async () => undefined },
    onClosed: () => undefined,
  };
}

/** Grants and permits, as many to an entry as there is room for permits, and the access list of everybody in the last. */
async function admit(
  host: TenantHost,
  record: TenantRecord,
  founder: Author,
  users: number,
): Promise<readonly Person[]> {
  const versions = await Promise.all(
    host.bag.keyBag.keyVersions(record.tenant).map((version) => openKeyVersion(crypto, version)),
  );
  const chain = await Chain.begin(directoryOf(record), founder);
  const people: Person[] = [];
  while (people.length < users) {
    const draft = new DirectoryEntries(crypto, named(versions, "directory"));
    const some = await newKeys(people.length, Math.min(limits.permitsPerEntry, users - people.length));
    const recipients = some.map(({ keys }) => draft.say(grantFor({ keys }, "editor")));
    const to = recipients.map((recipient, at) => ({ recipient, kem: some[at]?.keys.userKem ?? new Uint8Array() }));
    draft.give({ to, versions, history: "full" });
    if (people.length + some.length === users) {
      const slots = [...people, ...some].map(({ keys }) => ({ slot: keys.slot, role: "editor" as const }));
      draft.say({ type: "accessList", list: await rootList(record, slots) });
    }
    const [id] = await append(host, record, chain, draft.finish());
    if (id === undefined) throw new RangeError("nothing was written");
    // Each grant stands behind the control part, in its turn.
    people.push(...some.map((person, at) => ({ ...person, admission: statementId(crypto, id, at + 1) })));
  }
  return people;
}

/** In the person's own chain, as the device that the grant names. */
async function addDevice(host: TenantHost, record: TenantRecord, { identity, admission }: Person): Promise<void> {
  const versions = host.bag.keyBag.keyVersions(record.tenant).filter(({ name }) => name === "directory");
  const [key] = await Promise.all(versions.map((version) => openKeyVersion(crypto, version)));
  if (key === undefined) throw new RangeError("no directory key");
  using device = await crypto.importSigningKey(identity.deviceSignSeed);
  using next = await crypto.importSigningKey(crypto.randomBytes(32));
  using kem = await crypto.importKemKey(crypto.randomBytes(32));
  const [deviceSign, deviceKem] = [next.publicKey, kem.publicKey];
  const plaintext = encodeStatement({ type: "addDevice", deviceSign, deviceKem, userKeys: [] });
  const chain = await Chain.begin(directoryOf(record), { device, admission });
  await append(host, record, chain, [[{ kind: "statement", key, plaintext }]]);
}

const directoryOf = ({ tenant, directory }: TenantRecord): ChainPlace => ({
  tenant,
  database: directory,
  type: entryType.statement,
});

/** Puts entries of a chain into the directory. */
async function append(
  { store, bag }: TenantHost,
  { tenant, directory: database }: TenantRecord,
  chain: Chain,
  entries: readonly (readonly PartDraft[])[],
): Promise<readonly EntryId[]> {
  const versions = await Promise.all(bag.keyBag.keyVersions(tenant).map((version) => openKeyVersion(crypto, version)));
  const runs: VerifiedRun[] = [];
  for (const drafts of entries) runs.push(await chain.write(named(versions, "directory"), drafts));
  await store.commit({ append: runs.map((run) => ({ tenant, database, run })), expect: "all-appended" });
  return runs.flatMap(({ entries: written }) => written.map(({ id }) => id));
}

async function newKeys(from: number, count: number): Promise<readonly Omit<Person, "admission">[]> {
  return await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const identity = newIdentity(crypto, `CN=member ${from + at}`);
      return { identity, keys: await requestedKeys(crypto, identity, crypto.randomBytes(16)) };
    }),
  );
}

async function rootList(
  { tenant, rootSeed }: TenantRecord,
  slots: readonly { readonly slot: Uint8Array; readonly role: "editor" }[],
): Promise<Uint8Array> {
  if (rootSeed === null) throw new RangeError("the root key is gone");
  using root = await crypto.importSigningKey(rootSeed);
  const list = draftAccessList(tenant, slots, { epoch: 0, height: 1, signer: root.publicKey });
  return encodeAccessList(await signAccessList(crypto, root, list));
}

export function named(versions: readonly KeyVersion[], name: string): KeyVersion {
  const key = versions.find((version) => version.name === name);
  if (key === undefined) throw new RangeError(`no ${name} key`);
  return key;
}
