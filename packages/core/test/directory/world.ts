// A directory as a test tells it: voices that make statements, without sealing them. Certificates are taken as verified; what
// verifies them is tested in sealing/control-part.test.ts, and the whole way through entries in founding.test.ts.
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type EntryId,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  type StatementId,
  toHex,
  type WriterKey,
} from "@selkie/entry";
import type { DirectoryIdentity, PlacedStatement } from "../../src/directory/admission.ts";
import { buildDirectory } from "../../src/directory/build-directory.ts";
import type { DirectoryView } from "../../src/directory/directory-view.ts";
import type { AddDeviceStatement, GrantStatement, Role, Statement } from "../../src/directory/statement.ts";
import { statementId } from "../../src/directory/statement.ts";
import type { VerifiedCertificate } from "../../src/sealing/control-part.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;

/** A writer chain in the directory. */
export interface Voice {
  readonly name: string;
  readonly writer: WriterKey;
  readonly certificate: VerifiedCertificate | null;
  seq: number;
}

export const rootKey: WriterKey = parseWriterKey((await crypto.importSigningKey(pattern("root", 32))).publicKey);
export const identity: DirectoryIdentity = { tenant: testTenant, root: rootKey, directory: directoryDatabase };

const keysByName = new Map<string, { sign: Uint8Array; kem: Uint8Array; user: Uint8Array; slot: Uint8Array }>();

/** The public keys of whoever has this name. */
export async function keysOf(name: string) {
  const known = keysByName.get(name);
  if (known !== undefined) return known;
  const keys = {
    sign: (await crypto.importSigningKey(pattern(`device of ${name}`, 32))).publicKey,
    slot: (await crypto.importSigningKey(pattern(`slot of ${name}`, 32))).publicKey,
    kem: (await crypto.importKemKey(pattern(`device KEM of ${name}`, 32))).publicKey,
    user: (await crypto.importKemKey(pattern(`user KEM of ${name}`, 32))).publicKey,
  };
  keysByName.set(name, keys);
  return keys;
}

export async function grantTo(name: string, role: Role, change: Partial<GrantStatement> = {}): Promise<GrantStatement> {
  const { sign, kem, user, slot } = await keysOf(name);
  return {
    type: "grant",
    name,
    role,
    after: [],
    userKem: user,
    deviceSign: sign,
    deviceKem: kem,
    slot,
    slotSalt: pattern(`salt of ${name}`, 16),
    keys: [],
    ...change,
  };
}

export async function deviceNamed(name: string): Promise<AddDeviceStatement> {
  const { sign, kem } = await keysOf(name);
  return { type: "addDevice", deviceSign: sign, deviceKem: kem, userKeys: [] };
}

export const found: Statement = {
  type: "found",
  name: "acme-corp",
  tenantSecret: pattern("tenant secret", 32),
  directoryKey: { keyId: pattern("directory key", 16), commitment: pattern("directory version", 32) },
  defaultKey: { keyId: pattern("default key", 16), commitment: pattern("default version", 32) },
  history: "full",
};

export class World {
  readonly placed: PlacedStatement[] = [];
  readonly root: Voice = { name: "root", writer: rootKey, certificate: null, seq: 0 };
  readonly founding: PlacedStatement;

  constructor() {
    this.founding = this.say(this.root, found, parseEntryId(testTenant));
  }

  /** A chain of this device, certified as admitted by a statement, whether that is so or not. */
  async voice(name: string, admission: StatementId, device = name): Promise<Voice> {
    const writer = parseWriterKey(pattern(`writer of ${name} under ${toHex(admission)}`, 32));
    const { sign } = await keysOf(device);
    const claim = {
      tenant: testTenant,
      database: directoryDatabase,
      writer,
      certificate: {
        device: sign,
        admission,
        incarnation: pattern(name, 16),
        previous: null,
        signature: parseSignature(new Uint8Array(64)),
      },
    };
    return { name, writer, certificate: claim as unknown as VerifiedCertificate, seq: 0 };
  }

  say(voice: Voice, statement: Statement, entry: EntryId = entryOf(voice)): PlacedStatement {
    const { writer, certificate, seq } = voice;
    const placed = { id: statementId(crypto, entry, 1), entry, part: 1, writer, seq, certificate, statement };
    voice.seq += 1;
    this.placed.push(placed);
    return placed;
  }

  /** Grants, and gives the voice of the one who was granted. */
  async grant(by: Voice, name: string, role: Role, change: Partial<GrantStatement> = {}): Promise<Voice> {
    const { id } = this.say(by, await grantTo(name, role, change));
    return this.voice(name, id);
  }

  view(placed: readonly PlacedStatement[] = this.placed): DirectoryView {
    return buildDirectory(crypto, identity, placed);
  }

  names(): string[] {
    return this.view()
      .users()
      .map(({ name, role }) => `${name} ${role}`)
      .sort();
  }

  rejection(placed: PlacedStatement): string | undefined {
    return this.view().rejected.find(({ id }) => toHex(id) === toHex(placed.id))?.code;
  }
}

const entryOf = ({ writer, seq }: Voice): EntryId => parseEntryId(pattern(`entry ${seq} of ${toHex(writer)}`, 32));

export const noStatement: StatementId = parseStatementId(pattern("no statement", 32));

/** Everything a view says, as text that can be compared. */
export function digestOf(view: DirectoryView): string {
  const people = view.devices().map((device) => ({
    id: toHex(device.id),
    user: toHex(device.user),
    name: device.name,
    role: device.role,
    sign: toHex(device.device),
    keys: view
      .keys()
      .filter(({ keyId }) => view.isEntitled(device, keyId))
      .map(({ keyId }) => [toHex(keyId), view.dueHistory(device, keyId)]),
  }));
  return JSON.stringify({
    found: view.found?.name,
    users: view.users().map(({ id }) => toHex(id)),
    people,
    keys: view
      .keys()
      .map(({ keyId, name, kind, current, versions }) => [
        toHex(keyId),
        name,
        kind,
        ...[...current, ...versions].map(toHex),
      ]),
    lists: view.accessLists.map(toHex),
    settings: [...view.settings].sort(),
    rejected: view.rejected.map(({ id, code }) => [toHex(id), code]),
    unknown: view.unknown,
  });
}
