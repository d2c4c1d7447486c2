// A tenant's keys as they live: devices with key rings, statements that they know in part, and entries that really seal permits and links.
// Membership is told to the world, not computed: who is live and what counts is the subject of other tests.
import type { CryptoProvider, KemKey } from "@selkie/crypto";
import {
  compareBytes,
  entryType,
  parseEntryId,
  parseStatementId,
  parseWriterKey,
  type StatementId,
  toHex,
  type VerifiedEntry,
} from "@selkie/entry";
import type { Member, PlacedStatement } from "../../src/directory/admission.ts";
import type { Authored } from "../../src/directory/entitlement.ts";
import { catalogKeys, type DirectoryKey } from "../../src/directory/key-catalog.ts";
import type { KeyMembership } from "../../src/directory/key-holders.ts";
import { findOpeners } from "../../src/directory/key-openers.ts";
import { type KeyRules, type PermitRecipient, recipientsOf, userKeysOf } from "../../src/directory/key-recipients.ts";
import { linksOf, type Statement, statementId } from "../../src/directory/statement.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { type KeyVersion, newKeyVersion, openKeyVersion } from "../../src/keys/key-version.ts";
import { draftPermits, draftUserKeys, openPermits, openUserKeys } from "../../src/keys/permit.ts";
import { sealLink } from "../../src/keys/version-link.ts";
import { type PartDraft, sealEntry } from "../../src/sealing/seal-entry.ts";
import { directoryDatabase, pattern, testPlace, trusted } from "../fixture.ts";
import { found } from "./world.ts";

/** A device, what it holds, and how much of the world's story it knows. */
export interface Device {
  readonly member: Member;
  readonly kem: KemKey;
  /** User keys it holds, by the name of the public key in hex. */
  readonly userKeys: Map<string, { readonly key: KemKey; readonly seed: Uint8Array }>;
  readonly ring: KeyRing;
  /** How many events it has read. */
  known: number;
  readonly own: Set<number>;
}

/** One entry of the directory, or a revocation. */
interface Event {
  readonly by: Device | null;
  readonly statements: readonly Authored<Statement>[];
  readonly entry: VerifiedEntry | null;
  /** Admissions that end here, and statements of theirs that are void from here on. */
  readonly ended: readonly StatementId[];
  readonly voided: readonly StatementId[];
}

const noEvent = { statements: [], entry: null, ended: [], voided: [] };

export class KeyWorld {
  readonly crypto: CryptoProvider;
  readonly devices: Device[] = [];
  readonly events: Event[] = [];
  readonly keyId: Uint8Array = pattern("default key", 16);
  #first: KeyVersion | null = null;
  #drawn = 0;

  constructor(crypto: CryptoProvider) {
    this.crypto = crypto;
  }

  /** A new user with one device that holds the first version; the first one founds the tenant. */
  async grant(by: Device | null): Promise<Device> {
    const seed = this.crypto.randomBytes(32);
    const userKem = (await this.crypto.importKemKey(seed)).publicKey;
    const id = this.#id("grant");
    const device = await this.#device({ id, user: id, userKem, seeds: [seed] });
    if (by !== null) await this.permit(by, device);
    else {
      const made = await newKeyVersion(this.crypto, "default", this.keyId);
      this.#first = made;
      device.ring.add(made);
    }
    return device;
  }

  /**
   * A further device of the same user. It gets the user key of the grant, and the later ones that the statement lists: those of them that the
   * one that adds it holds, and has read of. Nothing besides, as in an add-device entry: what no statement says was given, no directory knows.
   */
  async addDevice(by: Device): Promise<Device> {
    const { user, userKem } = by.member;
    const nameOf = (kem: Uint8Array): string => toHex(identityKeyName(this.crypto, kem));
    const later = this.rules(by).seenUserKeys.filter(({ statement }) => by.userKeys.has(nameOf(statement.kem)));
    const given = [userKem, ...later.map(({ statement }) => statement.kem)].map(nameOf);
    const seeds = given.flatMap((name) => by.userKeys.get(name)?.seed ?? []);
    const device = await this.#device({ id: this.#id("device"), user, userKem, seeds });
    const userKeys = later.map(({ placed }) => placed.id).sort(compareBytes);
    const deviceSign = device.member.device;
    await this.#say(by, [{ type: "addDevice", deviceSign, deviceKem: device.kem.publicKey, userKeys }], []);
    await this.permit(by, device);
    return device;
  }

  /** Ends devices, with a cut: what they said from an event on is void. */
  end(devices: readonly Device[], from: number): void {
    const voided = this.events
      .slice(from)
      .flatMap(({ by, statements }) => (by !== null && devices.includes(by) ? statements : []))
      .map(({ placed }) => placed.id);
    this.events.push({ ...noEvent, by: null, ended: devices.map(({ member }) => member.id), voided });
  }

  /** What a device, or who knows everything, makes of the story. */
  rules(reader: Device | null): KeyRules & { readonly key: DirectoryKey } {
    const events = this.events.filter((_, at) => reader === null || at < reader.known || reader.own.has(at));
    const ended = new Set(events.flatMap((event) => event.ended.map(toHex)));
    const voided = new Set(events.flatMap((event) => event.voided.map(toHex)));
    const isLive = (id: StatementId) => !ended.has(toHex(id));
    const membership: KeyMembership = {
      members: this.devices.map(({ member }) => member),
      isLive,
      personOf: ({ user }) => user,
    };
    const seen = events.flatMap(({ statements }) => statements);
    const of = <Type extends Statement["type"]>(type: Type) =>
      seen.filter(({ statement }) => statement.type === type) as unknown as readonly Authored<
        Extract<Statement, { readonly type: Type }>
      >[];
    const counts = (id: StatementId) => !voided.has(toHex(id));
    const catalog = catalogKeys(this.crypto, {
      found: this.#founding(),
      creations: [],
      rotations: of("rotate"),
      links: of("link"),
      shares: [],
      counts,
      given: (member) => [member],
    });
    const gifts = { permits: of("permit"), userKeys: of("userKey"), addedDevices: of("addDevice") };
    const openers = findOpeners(this.crypto, catalog, gifts, membership);
    const userKeys = of("userKey").filter(({ placed }) => counts(placed.id));
    const key = catalog.keys.find(({ kind }) => kind === "default");
    if (key === undefined) throw new RangeError("the tenant was founded");
    return { catalog, openers, membership, userKeys, seenUserKeys: of("userKey"), key };
  }

  /** Everything that is known so far reaches a device, revoked or not. */
  async read(device: Device): Promise<void> {
    for (const event of this.events.slice(device.known)) await this.#receive(device, event);
    device.known = this.events.length;
    await this.#openHistory(device);
    await device.ring.follow([this.rules(device).key]);
  }

  /**
   * Makes the next version for whom the directory entitles, as the device knows it.
   * @param gives whether the nth of them gets a permit: a hostile device chooses
   */
  async rotate(by: Device, gives: (nth: number) => boolean = () => true): Promise<KeyVersion> {
    const rules = this.rules(by);
    const made = await newKeyVersion(this.crypto, "default", this.keyId);
    const links = [];
    for (const held of by.ring.confirmed()) links.push(await sealLink(this.crypto, made, held));
    const sorted = links.sort((a, b) => compareBytes(a.version, b.version));
    by.ring.add(made);
    const { open } = rules.key;
    const statement = {
      type: "rotate" as const,
      keyId: this.keyId,
      over: open,
      commitment: made.version,
      links: sorted,
    };
    const recipients = recipientsOf(rules, this.keyId).filter((_, nth) => gives(nth));
    await this.#give(by, recipients, [made], [statement]);
    return made;
  }

  /** Gives one device what is current, if the giver can. */
  async permit(by: Device, to: Device): Promise<void> {
    const { current } = this.rules(by).key;
    const held = by.ring.confirmed().filter(({ version }) => current.some((each) => toHex(each) === toHex(version)));
    const recipient = { type: "device" as const, of: { type: "statement" as const, id: to.member.id } };
    if (held.length > 0) await this.#give(by, [{ kem: to.kem.publicKey, recipient }], held, []);
  }

  /** The next user key, for the live devices of the author's user. */
  async publishUserKey(by: Device): Promise<void> {
    const rules = this.rules(by);
    const seed = this.crypto.randomBytes(32);
    const key = await this.crypto.importKemKey(seed);
    const name = identityKeyName(this.crypto, key.publicKey);
    by.userKeys.set(toHex(name), { key, seed });
    const devices = this.devices.filter(
      ({ member }) => toHex(member.user) === toHex(by.member.user) && rules.membership.isLive(member.id),
    );
    const statement = {
      type: "userKey" as const,
      kem: key.publicKey,
      slot: name,
      over: userKeysOf(rules, by.member).map((each) => each.by),
      to: devices.map(({ member }) => member.id).sort(compareBytes),
    };
    const recipients = devices.map((device) => ({ kem: device.kem.publicKey }));
    await this.#say(by, [statement], draftUserKeys(this.crypto, recipients, [{ kind: "user", name, seed }]));
  }

  /** Says that a version was given to a device; nothing is. */
  async claim(by: Device, version: Uint8Array, to: Device): Promise<void> {
    const recipient = { type: "device" as const, of: { type: "statement" as const, id: to.member.id } };
    const versions = [{ keyId: this.keyId, version }];
    await this.#say(by, [{ type: "permit", history: "full", versions, to: [recipient] }], []);
  }

  async #give(
    by: Device,
    recipients: readonly PermitRecipient[],
    keys: readonly KeyVersion[],
    statements: readonly Statement[],
  ): Promise<void> {
    const permit: Statement = {
      type: "permit",
      history: "full",
      versions: keys.map(({ keyId, version }) => ({ keyId, version })),
      to: recipients.map(({ recipient }) => recipient),
    };
    await this.#say(by, [...statements, permit], draftPermits(this.crypto, recipients, keys, "full"));
  }

  async #say(by: Device, statements: readonly Statement[], drafts: readonly PartDraft[]): Promise<void> {
    const place = await testPlace(this.crypto, {
      type: entryType.statement,
      database: directoryDatabase,
      seq: this.events.length + 1,
    });
    const entry = drafts.length > 0 ? trusted(await sealEntry(this.crypto, place, drafts)) : null;
    const id = entry?.id ?? parseEntryId(this.#id("entry"));
    const authored = statements.map((statement, part): Authored<Statement> => {
      const placed: PlacedStatement = {
        id: statementId(this.crypto, id, part),
        entry: id,
        part,
        writer: parseWriterKey(pattern(`writer of ${toHex(by.member.id)}`, 32)),
        seq: this.events.length,
        certificate: null,
        statement,
      };
      return { placed, statement, author: by.member };
    });
    by.own.add(this.events.length);
    this.events.push({ ...noEvent, by, statements: authored, entry });
  }

  async #receive(device: Device, { entry }: Event): Promise<void> {
    if (entry === null) return;
    for (const { name, seed } of (await openUserKeys(this.crypto, entry, device.kem)) ?? []) {
      device.userKeys.set(toHex(name), { key: await this.crypto.importKemKey(seed), seed });
    }
    for (const kem of [device.kem, ...[...device.userKeys.values()].map(({ key }) => key)]) {
      for (const secrets of (await openPermits(this.crypto, entry, kem)) ?? []) {
        device.ring.add(await openKeyVersion(this.crypto, secrets));
      }
    }
  }

  async #openHistory(device: Device): Promise<void> {
    const statements = this.events.slice(0, device.known).flatMap((event) => event.statements);
    await device.ring.openHistory(statements.flatMap(({ statement }) => linksOf(statement)));
    for (const version of device.ring.unconfirmed()) device.ring.confirm(version);
  }

  #founding(): Authored<Extract<Statement, { type: "found" }>> {
    const [founder] = this.devices;
    if (founder === undefined || found.type !== "found" || this.#first === null)
      throw new RangeError("nobody founded it");
    const statement = { ...found, defaultKey: { keyId: this.keyId, commitment: this.#first.version } };
    const entry = parseEntryId(pattern("founding", 32));
    const writer = parseWriterKey(pattern("founder", 32));
    const id = statementId(this.crypto, entry, 0);
    const placed: PlacedStatement = { id, entry, part: 0, writer, seq: 0, certificate: null, statement };
    return { placed, statement, author: founder.member };
  }

  async #device(of: {
    readonly id: StatementId;
    readonly user: StatementId;
    readonly userKem: Uint8Array;
    readonly seeds: readonly Uint8Array[];
  }): Promise<Device> {
    const { id, user, userKem, seeds } = of;
    const kem = await this.crypto.importKemKey(this.crypto.randomBytes(32));
    const member: Member = {
      id,
      user,
      name: "somebody",
      role: "editor",
      device: pattern(`device ${toHex(id)}`, 32),
      userKem,
      deviceKem: kem.publicKey,
      slot: new Uint8Array(32),
      slotSalt: new Uint8Array(16),
      keys: [],
      before: null,
    };
    const userKeys: Device["userKeys"] = new Map();
    for (const seed of seeds) {
      const key = await this.crypto.importKemKey(seed);
      userKeys.set(toHex(identityKeyName(this.crypto, key.publicKey)), { key, seed });
    }
    const ring = new KeyRing(this.crypto, directoryDatabase);
    const device = { member, kem, userKeys, ring, known: 0, own: new Set<number>() };
    this.devices.push(device);
    return device;
  }

  #id(what: string): StatementId {
    return parseStatementId(pattern(`${what} ${this.#drawn++} ${toHex(this.crypto.randomBytes(8))}`, 32));
  }
}

/** Whether a device is entitled to a key and can open all its current versions. Who is entitled and can't rotates before it seals. */
export function canSeal({ catalog, membership, openers }: KeyRules, member: Member, keyId: Uint8Array): boolean {
  const current = catalog.find(keyId)?.current ?? [];
  const isEntitled = membership.isLive(member.id) && catalog.isEntitled(member, keyId);
  return (
    isEntitled &&
    current.length > 0 &&
    current.every((each) => openers.depths(keyId, each)(openers.keeperOf(member)) !== undefined)
  );
}
