// A member who deviates: real keys, out of a real KeyBag, and entries made by hand.
import type { CryptoProvider, SigningKey } from "@selkie/crypto";
import {
  adoptOwnRun,
  type DatabaseId,
  type EntryId,
  type EntryType,
  entryType,
  type IdentifiedEntry,
  identifyEntry,
  parseCiphertext,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  type StatementId,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import { actorOf } from "../../../core/src/automerge/actor.ts";
import { type KeyVersion, newKeyVersion, openKeyVersion } from "../../../core/src/keys/key-version.ts";
import { type ChangeKind, encodeChangePart } from "../../../core/src/sealing/change-part.ts";
import { encodeControlPart, signCertificate } from "../../../core/src/sealing/control-part.ts";
import { countedStem, documentIdOf, stemBytes } from "../../../core/src/sealing/document-id.ts";
import { type PartDraft, sealEntry, signRun } from "../../../core/src/sealing/seal-entry.ts";
import type { SimDevice } from "../../src/sim-device.ts";

/** A document of the writer itself, or one by its id. */
export type Document = { readonly counter: number } | { readonly id: Uint8Array };

export class HostileMember {
  readonly crypto: CryptoProvider;
  readonly record: TenantRecord;
  readonly device: SigningKey;
  readonly defaultKey: KeyVersion;
  readonly directoryKey: KeyVersion;

  private constructor(fields: Pick<HostileMember, "crypto" | "record" | "device" | "defaultKey" | "directoryKey">) {
    this.crypto = fields.crypto;
    this.record = fields.record;
    this.device = fields.device;
    this.defaultKey = fields.defaultKey;
    this.directoryKey = fields.directoryKey;
  }

  /** Opens the KeyBag of a device: the attacker is its owner. */
  static async of(device: SimDevice): Promise<HostileMember> {
    const host = device.life?.host;
    const [record] = host?.bag.keyBag.tenants() ?? [];
    const [identity] = host?.bag.keyBag.identities() ?? [];
    if (host === undefined || record === undefined || identity === undefined) throw new RangeError("not a member");
    const { crypto } = host.platform;
    const keys = await Promise.all(
      host.bag.keyBag.keyVersions(record.tenant).map((version) => openKeyVersion(crypto, version)),
    );
    const named = (name: string): KeyVersion => {
      const key = keys.find((version) => version.name === name);
      if (key === undefined) throw new RangeError(`no ${name} key among ${keys.map((version) => version.name)}`);
      return key;
    };
    return new HostileMember({
      crypto,
      record,
      device: await crypto.importSigningKey(identity.deviceSignSeed),
      defaultKey: named("default"),
      directoryKey: named("directory"),
    });
  }

  /** The root itself, as whoever has its key can write: on the device that founded the tenant. */
  static async root(device: SimDevice): Promise<HostileMember> {
    const member = await HostileMember.of(device);
    const { crypto, record } = member;
    if (record.rootSeed === null) throw new RangeError("no root key here");
    const root = {
      ...member,
      device: await crypto.importSigningKey(record.rootSeed),
      record: { ...record, admittedBy: parseStatementId(record.tenant) },
    };
    return new HostileMember(root);
  }

  /** The same device under a later admission: whose rights changed kept what it had. */
  under(admittedBy: StatementId): HostileMember {
    return new HostileMember({ ...this, record: { ...this.record, admittedBy } });
  }

  /** A key version that the KeyBag of a device holds, by the name of its key. */
  static async keyOf(device: SimDevice, name: string): Promise<KeyVersion> {
    const { crypto, record } = await HostileMember.of(device);
    for (const secrets of device.life?.host.bag.keyBag.keyVersions(record.tenant) ?? []) {
      const version = await openKeyVersion(crypto, secrets);
      if (version.name === name) return version;
    }
    throw new RangeError(`no ${name} key`);
  }

  /** Somebody who knows what a relay knows, and makes keys of his own. */
  async stranger(): Promise<HostileMember> {
    const { crypto, record } = this;
    const key = (name: string) => newKeyVersion(crypto, name, crypto.randomBytes(16));
    const device = await crypto.importSigningKey(crypto.randomBytes(32));
    return new HostileMember({
      crypto,
      record,
      device,
      defaultKey: await key("default"),
      directoryKey: await key("directory"),
    });
  }

  /** A chain of this member, properly certified. */
  async chain(database: DatabaseId, type: EntryType = entryType.change): Promise<HostileChain> {
    return new HostileChain(this, {
      database,
      type,
      key: await this.crypto.importSigningKey(this.crypto.randomBytes(32)),
    });
  }
}

export class HostileChain {
  readonly member: HostileMember;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  /** What entries sealed from now on are called. */
  type: EntryType;
  /** What the first entry says that its author knows of the directory. */
  frontier: readonly EntryId[] = [];
  readonly #key: SigningKey;
  readonly #incarnation: Uint8Array;
  #seq = 0;
  #prev: EntryId = ZERO_ENTRY_ID;

  constructor(member: HostileMember, at: { database: DatabaseId; type: EntryType; key: SigningKey }) {
    this.member = member;
    this.database = at.database;
    this.type = at.type;
    this.#key = at.key;
    this.writer = parseWriterKey(at.key.publicKey);
    this.#incarnation = member.crypto.randomBytes(16);
  }

  documentId(counter: number, key: KeyVersion = this.member.defaultKey): Uint8Array {
    return documentIdOf({ stem: countedStem(this.member.crypto, this.writer, counter), keyId: key.keyId });
  }

  /** The actor this writer has to use in it. */
  actor(document: Document, key?: KeyVersion): Uint8Array {
    const id = "id" in document ? document.id : this.documentId(document.counter, key);
    return actorOf(this.member.crypto, this.writer, id, null);
  }

  /** A part that says: this Automerge change, in this document; sealed under whichever key. */
  change(
    document: Document,
    payload: Uint8Array,
    more: { kind?: ChangeKind; codec?: 0 | 1 | 2; time?: number; key?: KeyVersion } = {},
  ): PartDraft {
    const { kind = "change", codec = 0, time = 0, key = this.member.defaultKey } = more;
    const named =
      "id" in document
        ? { type: "stem" as const, stem: document.id.slice(0, stemBytes) }
        : { type: "counter" as const, ...document };
    const part = { kind, codec, document: named, branch: null, time, metadata: null, payload };
    return { kind: "change", key, plaintext: encodeChangePart(part) };
  }

  /** Seals an entry of each list of parts, and signs the last. */
  async write(...entries: readonly (readonly PartDraft[])[]): Promise<VerifiedRun> {
    return signRun(this.member.crypto, this.#key, await this.seal(...entries));
  }

  /** The same with a signature of somebody's choice, or 64 bytes of anything. */
  async writeUnsigned(signature: Uint8Array, ...entries: readonly (readonly PartDraft[])[]): Promise<VerifiedRun> {
    return adoptOwnRun(await this.seal(...entries), parseSignature(signature));
  }

  /** The same, but what these entries hold in their last part is random bytes where ciphertext was. */
  async writeGarbled(
    garbled: (seq: number) => boolean,
    ...entries: readonly (readonly PartDraft[])[]
  ): Promise<VerifiedRun> {
    const sealed: IdentifiedEntry[] = [];
    for (const parts of entries) {
      const [entry] = await this.seal(parts);
      if (entry === undefined) continue;
      const made = garbled(entry.header.seq) ? this.#garble(entry) : entry;
      this.#prev = made.id;
      sealed.push(made);
    }
    return signRun(this.member.crypto, this.#key, sealed);
  }

  #garble({ header, table, parts }: IdentifiedEntry): IdentifiedEntry {
    const { crypto } = this.member;
    const garbled = parts.map((part, at) =>
      at < parts.length - 1 || part.type === "hole"
        ? part
        : { ...part, ciphertext: parseCiphertext(crypto.randomBytes(part.ciphertext.length)) },
    );
    return identifyEntry(crypto, { header, table, parts: garbled, signature: null });
  }

  /** Another chain that goes on from here under the same key: whoever writes on both equivocates. */
  fork(): HostileChain {
    const other = new HostileChain(this.member, { database: this.database, type: this.type, key: this.#key });
    other.#incarnation.set(this.#incarnation);
    other.#seq = this.#seq;
    other.#prev = this.#prev;
    return other;
  }

  async seal(...entries: readonly (readonly PartDraft[])[]): Promise<readonly IdentifiedEntry[]> {
    const { crypto } = this.member;
    const sealed: IdentifiedEntry[] = [];
    const writerSecret = await crypto.importSecret(crypto.randomBytes(32));
    for (const parts of entries) {
      const drafts = this.#seq === 0 ? [await this.#certificate(), ...parts] : parts;
      const at = {
        type: this.type,
        database: this.database,
        writer: this.writer,
        writerSecret,
        seq: this.#seq,
        prev: this.#prev,
      };
      const entry = await sealEntry(crypto, at, drafts);
      sealed.push(entry);
      this.#seq += 1;
      this.#prev = entry.id;
    }
    return sealed;
  }

  async #certificate(): Promise<PartDraft> {
    const { crypto, record, device, directoryKey } = this.member;
    const { tenant, admittedBy } = record;
    if (admittedBy === null) throw new RangeError("not admitted");
    const certificate = await signCertificate(crypto, device, {
      tenant,
      database: this.database,
      writer: this.writer,
      admission: admittedBy,
      incarnation: this.#incarnation,
      previous: null,
    });
    return {
      kind: "control",
      key: directoryKey,
      plaintext: encodeControlPart({ certificate, frontier: this.frontier, vector: null }),
    };
  }
}
