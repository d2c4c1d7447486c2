// Databases without a tenant around them: real stores, keys, chains and documents, and a directory that admits whom the test names.
// So a test decides when a key comes, what is a hole and what the disk damages.
import "@automerge/automerge";
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import {
  type EntryId,
  entryType,
  equalBytes,
  holeOf,
  type IdentifiedEntry,
  parseWriterKey,
  partKind,
  portableVerifier,
  type StatementId,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  verifyRuns,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { MemoryDisk, memoryStore, type Store } from "@selkie/store";
import { actorOf } from "../../src/automerge/actor.ts";
import { type Assembled, assembleDatabase } from "../../src/database/assemble-database.ts";
import { type Admission, isMember, type PlacedStatement } from "../../src/directory/admission.ts";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import { newIdentity } from "../../src/directory/identity.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { Journal } from "../../src/journal/journal.ts";
import type { KeyRing } from "../../src/keys/key-ring.ts";
import { type KeyVersion, keyIdOf } from "../../src/keys/key-version.ts";
import { DerivedStores } from "../../src/local/derived-rows.ts";
import { LocalState } from "../../src/local/local-state.ts";
import type { ChangeKind, Replacement } from "../../src/sealing/change-part.ts";
import { encodeControlPart, signCertificate } from "../../src/sealing/control-part.ts";
import { type DocumentPlace, documentIdOf } from "../../src/sealing/document-id.ts";
import { type PartDraft, sealEntry, signRun } from "../../src/sealing/seal-entry.ts";
import { importDeviceKeys } from "../../src/tenant/device-keys.ts";
import { liveAdmissionOf } from "../../src/tenant/own-admissions.ts";
import type { KeyBagFile } from "../../src/tenant/tenant-context.ts";
import { newTenantData } from "../../src/tenant/tenant-data.ts";
import { World } from "../directory/world.ts";
import { pattern, repeatableCrypto, testDatabase, testKey, testRing, testTenant } from "../fixture.ts";
import { saidUnder } from "../sealing/said.ts";

const nonceOf = (key: string): Uint8Array => pattern(`nonce of ${key}`, 16);
const labKeyId = (key: string): Uint8Array => keyIdOf(portableVerifier, new World().root.writer, nonceOf(key));

/** The document of this name under a key, the same in every lab. */
export function placeOf(title: string, key = "default"): DocumentPlace {
  return { stem: pattern(title, 16), keyId: labKeyId(key) };
}

/** Who is admitted, and the keys there are. */
export class Lab {
  readonly crypto: CryptoProvider;
  readonly world: World;
  readonly directoryKey: KeyVersion;
  /** Of each key the version to seal under. */
  readonly keys: readonly KeyVersion[];
  /** All of them; the first key has three. */
  readonly versions: readonly KeyVersion[];

  private constructor(fields: Pick<Lab, "crypto" | "world" | "directoryKey" | "keys" | "versions">) {
    this.crypto = fields.crypto;
    this.world = fields.world;
    this.directoryKey = fields.directoryKey;
    this.keys = fields.keys;
    this.versions = fields.versions;
  }

  /** The first key is the one that documents are made under. */
  static async begin(seed: string, names: readonly string[] = ["default"]): Promise<Lab> {
    const crypto = repeatableCrypto(seed);
    const world = new World();
    const keys: KeyVersion[] = [];
    for (const name of names) {
      const key = await testKey(crypto, name, 1, labKeyId(name));
      world.say(world.root, {
        type: "createKey",
        nonce: nonceOf(name),
        name,
        commitment: key.version,
        history: "full",
      });
      keys.push(key);
    }
    const [first = ""] = names;
    const more = await Promise.all([2, 3].map((version) => testKey(crypto, first, version, labKeyId(first))));
    const directoryKey = await testKey(crypto, "directory");
    return new Lab({ crypto, world, directoryKey, keys, versions: [...keys, ...more] });
  }

  versionsOf({ keyId }: DocumentPlace): readonly KeyVersion[] {
    return this.versions.filter((version) => equalBytes(version.keyId, keyId));
  }

  /** @param keys what the grant entitles to, and changes of rights may take away */
  async admit(name: string, keys: readonly KeyVersion[] = this.keys): Promise<Admission> {
    const { certificate } = await this.world.grant(this.world.root, `CN=${name}/O=acme`, "editor", {
      deviceSign: (await this.deviceKey(name)).publicKey,
      keys: keys.map(({ keyId }) => keyId),
    });
    const id = certificate?.certificate.admission;
    const admission = id === undefined ? undefined : this.world.view().admission(id);
    if (admission === undefined) throw new RangeError("nobody was admitted");
    return admission;
  }

  deviceKey(name: string): Promise<SigningKey> {
    return this.crypto.importSigningKey(pattern(`device of ${name}`, 32));
  }

  /** Somebody elsewhere, whose entries the test makes one by one. */
  async author(name: string, keys: readonly KeyVersion[] = this.keys): Promise<Author> {
    const { id } = await this.admit(name, keys);
    if (id === "root") throw new RangeError("the root writes nothing");
    const key = await this.crypto.importSigningKey(pattern(`writer of ${name}`, 32));
    return new Author(this, { key, device: await this.deviceKey(name), admission: id });
  }

  /** A device of somebody's, which holds these keys. */
  async device(name: string, keys: readonly KeyVersion[] = this.keys): Promise<Device> {
    const admission = await this.admit(name);
    const device = new Device(this, { name, admission, ring: testRing(this.crypto, ...keys) });
    await device.open();
    return device;
  }
}

/** A chain, made entry by entry. */
export class Author {
  readonly writer: WriterKey;
  readonly #lab: Lab;
  readonly #at: { readonly key: SigningKey; readonly device: SigningKey; readonly admission: StatementId };
  #seq = 0;
  #prev: EntryId = ZERO_ENTRY_ID;

  get admission(): StatementId {
    return this.#at.admission;
  }

  constructor(
    lab: Lab,
    at: { readonly key: SigningKey; readonly device: SigningKey; readonly admission: StatementId },
  ) {
    this.#lab = lab;
    this.#at = at;
    this.writer = parseWriterKey(at.key.publicKey);
  }

  /** The actor that this writer has to use in a document, in hexadecimal. */
  actor(place: DocumentPlace): string {
    return toHex(actorOf(this.#lab.crypto, this.writer, documentIdOf(place), null));
  }

  /** A part that says: this Automerge change, in this document. */
  part(
    place: DocumentPlace,
    change: Uint8Array,
    more: { kind?: ChangeKind; key?: KeyVersion; replaces?: readonly Replacement[] } = {},
  ): PartDraft {
    const { kind = "change", key = this.#lab.versionsOf(place)[0], replaces = [] } = more;
    if (key === undefined) throw new RangeError("a lab has the key");
    return saidUnder(key, { kind, document: { type: "stem", stem: place.stem }, replaces, payload: change });
  }

  /** An entry of each list of parts; the last is signed. */
  async write(...entries: readonly (readonly PartDraft[])[]): Promise<VerifiedRun> {
    const { crypto } = this.#lab;
    const sealed: IdentifiedEntry[] = [];
    for (const parts of entries) {
      const drafts = this.#seq === 0 ? [await this.#certificate(), ...parts] : parts;
      const place = {
        type: entryType.change,
        database: testDatabase,
        writer: this.writer,
        writerSecret: await crypto.importSecret(pattern("writer secret", 32)),
        seq: this.#seq,
        prev: this.#prev,
      };
      const entry = await sealEntry(crypto, place, drafts);
      sealed.push(entry);
      this.#seq += 1;
      this.#prev = entry.id;
    }
    return signRun(crypto, this.#at.key, sealed);
  }

  /** Another chain of the same device. */
  async again(name: string): Promise<Author> {
    const key = await this.#lab.crypto.importSigningKey(pattern(`again ${name}`, 32));
    return new Author(this.#lab, { ...this.#at, key });
  }

  /** Another that goes on from here under the same key: whoever writes as both equivocates. */
  fork(): Author {
    const other = new Author(this.#lab, this.#at);
    other.#seq = this.#seq;
    other.#prev = this.#prev;
    return other;
  }

  async #certificate(): Promise<PartDraft> {
    const { crypto, directoryKey } = this.#lab;
    const certificate = await signCertificate(crypto, this.#at.device, {
      tenant: testTenant,
      database: testDatabase,
      writer: this.writer,
      admission: this.#at.admission,
      incarnation: pattern("incarnation", 16),
      previous: null,
    });
    const plaintext = encodeControlPart({ certificate, frontier: [], vector: null });
    return { kind: "control", key: directoryKey, plaintext };
  }
}

/** A database on a disk in memory. */
export class Device {
  readonly reports: unknown[] = [];
  readonly changed: DocId[] = [];
  readonly announced: string[] = [];
  readonly unsent: string[] = [];
  readonly copiesLost: DocId[] = [];
  /** Document, and number of changes. */
  readonly reissued: string[] = [];
  readonly waiting: string[] = [];
  /** What its clock says, ms since the epoch. */
  now = 0;
  readonly alarms: string[] = [];
  /** What waits for the time to pass. */
  readonly timers: (() => void)[] = [];
  isOnline = false;
  /** What came that forks from what is stored. */
  readonly forked: (readonly VerifiedEntry[])[] = [];
  /** The statements that have arrived here; null for all there are. */
  known: readonly PlacedStatement[] | null = null;
  #built: { readonly size: number; readonly view: DirectoryView } | null = null;
  /** How often others were asked what is missing. */
  compared = 0;
  /** Document, number of changes, and why. */
  readonly setAside: string[] = [];
  disk: MemoryDisk = new MemoryDisk();
  readonly #lab: Lab;
  readonly #at: { readonly name: string; readonly admission: Admission; readonly ring: KeyRing };
  #open: { readonly store: Store; readonly assembled: Assembled } | null = null;

  constructor(lab: Lab, at: { readonly name: string; readonly admission: Admission; readonly ring: KeyRing }) {
    this.#lab = lab;
    this.#at = at;
    at.ring.add(lab.directoryKey);
  }

  get assembled(): Assembled {
    if (this.#open === null) throw new RangeError("the database is not open");
    return this.#open.assembled;
  }

  get database(): Assembled["database"] {
    return this.assembled.database;
  }

  async open(): Promise<void> {
    const { crypto, world, keys, directoryKey } = this.#lab;
    const { name, admission, ring } = this.#at;
    await ring.follow(keys.map(({ keyId, version }) => ({ keyId, current: [version] })));
    const { store, local } = await this.#disk();
    const identity = { ...newIdentity(crypto, name), deviceSecret: pattern(`secret of ${name}`, 32) };
    const deviceKeys = {
      ...(await importDeviceKeys(crypto, identity, testTenant, newTenantData("user", new Uint8Array(16), null))),
      device: await this.#lab.deviceKey(name),
    };
    const assembled = await assembleDatabase(
      {
        context: {
          platform: {
            crypto,
            now: () => this.now,
            scheduler: {
              after: (_, run) => {
                this.timers.push(run);
                return () => undefined;
              },
            },
            loadAutomerge: async () => undefined,
            report: (error) => this.reports.push(error),
          },
          parts: "own-permits",
          documentMemory: 2 ** 20,
          tenant: testTenant,
          admittedBy: null,
          store,
          bag: {} as unknown as KeyBagFile, // no database touches it
          ring,
          local,
          derived: new DerivedStores({ store, local, random: (length) => crypto.randomBytes(length) }),
          keys: deviceKeys,
        },
        directory: null,
        view: () => this.#view(world),
        self: () => (isMember(admission) ? (liveAdmissionOf(this.#view(world), admission) ?? admission) : admission),
        directoryKey: () => directoryKey,
        defaultKeyId: () => keys[0]?.keyId ?? new Uint8Array(),
        writeCheck: () => ({
          isReady: () => true,
          prepare: async () => undefined,
          isFit: () => true,
          settle: async () => undefined,
        }),
        keyOf: (keyId) => {
          const key = ring.current(keyId);
          if (key === undefined) throw new RangeError("a key to seal under");
          return key;
        },
        purging: {
          person: { requireRight: () => undefined, say: async () => undefined, isOwn: () => true },
          catchUp: async () => true,
          dueAt: () => null,
          elsewhere: () => [],
        },
        frontier: () => [],
        announce: () => undefined,
        online: () => this.isOnline,
        catchUp: async () => true,
        fetch: async () => [],
        held: () => null,
        heardOfDirectory: async () => undefined,
        alarm: ({ code, seq }) => this.alarms.push(`${code} ${seq}`),
        forked: async (_, theirs) => void this.forked.push(theirs),
        compare: () => {
          this.compared += 1;
        },
        closed: () => undefined,
      },
      "things",
      testDatabase,
    );
    this.#open = { store, assembled };
    assembled.database.on("change", ({ id }) => this.changed.push(id));
    assembled.database.on("unsent", ({ id, changes }) => this.unsent.push(`${id} ${changes}`));
    assembled.database.on("reissued", ({ id, changes }) => this.reissued.push(`${id} ${changes}`));
    assembled.database.on("waiting", ({ id, changes }) => this.waiting.push(`${id} ${changes}`));
    assembled.database.on("copyLost", ({ id }) => this.copiesLost.push(id));
    assembled.database.on("setAside", ({ id, changes, reason }) => this.setAside.push(`${id} ${changes} ${reason}`));
    assembled.database.on("quarantined", ({ entryId, reason }) => this.announced.push(`${entryId} ${reason}`));
  }

  async #disk(): Promise<{ readonly store: Store; readonly local: LocalState }> {
    const { crypto } = this.#lab;
    const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length), disk: this.disk });
    const secret = await crypto.importSecret(pattern("local", 32));
    return { store, local: new LocalState(crypto, store.state, secret, testTenant) };
  }

  /** What an earlier run left on the disk, while the database is not open. */
  async inJournal(work: (journal: Journal, at: { store: Store; local: LocalState }) => Promise<void>): Promise<void> {
    const at = await this.#disk();
    const report = (error: unknown): void => void this.reports.push(error);
    await work(await Journal.open(at.store, at.local, { database: testDatabase, report }), at);
    await at.store[Symbol.asyncDispose]();
  }

  /** A further chain of this device, made entry by entry. */
  async author(name: string): Promise<Author> {
    const { id } = this.#at.admission;
    if (id === "root") throw new RangeError("the root writes nothing");
    const key = await this.#lab.crypto.importSigningKey(pattern(`${this.#at.name} ${name}`, 32));
    return new Author(this.#lab, { key, device: await this.#lab.deviceKey(this.#at.name), admission: id });
  }

  /** Everything that was put off until later. */
  tick(): void {
    for (const run of this.timers.splice(0)) run();
  }

  /** Statements arrive: from now on this device knows no others. */
  async hear(...statements: readonly PlacedStatement[]): Promise<void> {
    this.known = [...(this.known ?? []), ...statements];
    await this.assembled.reconsider();
  }

  /** Built once for each set of statements: building is what a device does when they arrive. */
  #view(world: World): DirectoryView {
    const placed = this.known ?? world.placed;
    if (this.#built?.size !== placed.length) this.#built = { size: placed.length, view: world.view(placed) };
    return this.#built.view;
  }

  /** Power off: nothing is sealed. */
  crash(): void {
    this.disk.crash();
    this.#open = null;
  }

  async close(): Promise<void> {
    await this.database[Symbol.asyncDispose]();
    await this.#open?.store[Symbol.asyncDispose]();
    this.#open = null;
  }

  /** While the database is closed: the key is on this device no more. */
  lose(key: KeyVersion): void {
    this.#at.ring.remove(key);
  }

  async receive(...runs: readonly VerifiedRun[]): Promise<void> {
    await this.assembled.replica.append(runs);
  }

  async give(...keys: readonly KeyVersion[]): Promise<void> {
    for (const key of keys) this.#at.ring.add(key);
    await this.#at.ring.follow(this.#lab.keys.map(({ keyId, version }) => ({ keyId, current: [version] })));
    await this.assembled.reconsider();
  }

  /** A device of the same person with the same keys, which reads a copy of the disk: what a fresh open makes of it. */
  async reopened(): Promise<Device> {
    const other = new Device(this.#lab, this.#at);
    other.disk = this.disk.copy();
    other.known = this.known;
    await other.open();
    return other;
  }

  /** The same device with an empty disk, not open yet. */
  restored(): Device {
    return new Device(this.#lab, this.#at);
  }

  /** Damages a stored entry; false when there is none. */
  damage(writer: WriterKey, seq: number): boolean {
    for (const { chains } of this.disk.content.databases.values()) {
      const rows = chains.get(toHex(writer))?.rows;
      const row = rows?.[seq];
      if (rows === undefined || row === undefined) continue;
      const body = row.body.slice();
      body[body.length - 1] = (body.at(-1) ?? 0) ^ 1;
      rows[seq] = { ...row, body };
      return true;
    }
    return false;
  }

  /** Everything this device sealed. */
  async runs(): Promise<readonly VerifiedRun[]> {
    const runs: VerifiedRun[] = [];
    await this.assembled.replica.flush();
    for await (const run of this.assembled.replica.scan()) runs.push(run);
    return runs;
  }

  async heads(id: DocId): Promise<readonly string[]> {
    return [...((await this.database.findDocument(id))?.getHeads() ?? [])].sort();
  }

  /** Every document as text, and what is quarantined. */
  async show(ids: readonly DocId[]): Promise<readonly string[]> {
    const shown: string[] = [];
    for (const id of ids) {
      const doc = await this.database.findDocument(id);
      const data = JSON.stringify(doc?.getData());
      if (doc !== undefined) shown.push(`${id} ${[...doc.getHeads()].sort()} ${doc.isDeleted()} ${data}`);
    }
    return [...shown, ...this.quarantined()];
  }

  quarantined(): readonly string[] {
    return [...this.assembled.quarantined()].map(({ entryId, reason }) => `${entryId} ${reason}`).sort();
  }
}

/** The run with holes where `isHole` says so; never a control part. */
export async function withHoles(
  crypto: CryptoProvider,
  run: VerifiedRun,
  isHole: (seq: number, index: number) => boolean,
): Promise<VerifiedRun> {
  const entries = run.entries.map(({ header, table, parts, signature }) => ({
    header,
    table,
    signature,
    parts: parts.map((part, index) =>
      part.type === "sealed" && part.kind === partKind.change && isHole(header.seq, index)
        ? holeOf(crypto, part)
        : part,
    ),
  }));
  const [verdict] = await verifyRuns(crypto, [{ ...run, entries }]);
  if (verdict?.type !== "verified") throw new RangeError("holes change no id");
  return verdict.run;
}
