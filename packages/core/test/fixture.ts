// Deterministic providers, keys and places for the tests of sealing, keys and directory.
import { createHash } from "node:crypto";
import { asPlaintext, type CryptoProvider, type Plaintext, portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  adoptOwnRun,
  type DatabaseId,
  entryType,
  type IdentifiedEntry,
  parseDatabaseId,
  parseEntryId,
  parseSignature,
  parseTenantId,
  parseWriterKey,
  type TenantId,
  type VerifiedEntry,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { KeyRing } from "../src/keys/key-ring.ts";
import { commitmentOf, historyHash, type KeyVersion } from "../src/keys/key-version.ts";
import type { EntryPlace } from "../src/sealing/seal-entry.ts";

/** Bytes that look random and are not: SHA-256 of the name and a counter. */
export function pattern(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) {
    const digest = createHash("sha256").update(`${name} ${at}`).digest();
    bytes.set(digest.subarray(0, Math.min(32, length - at)), at);
  }
  return bytes;
}

/** The portable provider with randomness that repeats. */
export function seededCrypto(seed: string): CryptoProvider {
  let drawn = 0;
  return portableCrypto({ random: (length) => pattern(`${seed} ${drawn++}`, length) });
}

/** The native provider with randomness that repeats: as fast as it gets. Only HPKE draws its own. */
export function repeatableCrypto(seed: string): CryptoProvider {
  let drawn = 0;
  return Object.create(nativeCrypto, {
    randomBytes: { value: (length: number) => pattern(`${seed} ${drawn++}`, length) },
  }) as CryptoProvider;
}

export const testTenant: TenantId = parseTenantId(pattern("tenant", 32));
export const testDatabase: DatabaseId = parseDatabaseId(pattern("database", 32));
export const otherDatabase: DatabaseId = parseDatabaseId(pattern("other database", 32));
export const directoryDatabase: DatabaseId = parseDatabaseId(pattern("directory", 32));

/** A version of the key with this name; versions of one key share its id. */
export async function testKey(
  crypto: CryptoProvider,
  name: string,
  version = 1,
  keyId: Uint8Array = pattern(`key id of ${name}`, 16),
): Promise<KeyVersion> {
  const suffix = version === 1 ? "" : ` version ${version}`;
  const contentBytes = pattern(`content of ${name}${suffix}`, 32);
  const historyBytes = pattern(`history of ${name}${suffix}`, 32);
  const commitment = commitmentOf(crypto, keyId, contentBytes, historyHash(crypto, historyBytes));
  const content = await crypto.importSecret(contentBytes);
  return { keyId, name, version: commitment, content, contentBytes, historyBytes };
}

export function testRing(crypto: CryptoProvider, ...keys: readonly KeyVersion[]): KeyRing {
  const ring = new KeyRing(crypto, directoryDatabase);
  for (const key of keys) ring.add(key);
  return ring;
}

/** Where a test's entry goes. */
export async function testPlace(crypto: CryptoProvider, change: Partial<EntryPlace> = {}): Promise<EntryPlace> {
  const seq = change.seq ?? 7;
  return {
    type: entryType.change,
    database: testDatabase,
    writer: parseWriterKey(pattern("writer", 32)),
    writerSecret: await crypto.importSecret(pattern("writer secret", 32)),
    seq,
    prev: seq === 0 ? ZERO_ENTRY_ID : parseEntryId(pattern(`entry ${seq - 1}`, 32)),
    ...change,
  };
}

/** As if this device had signed it: what opening is given. Opening itself never looks at a signature. */
export function trusted(entry: IdentifiedEntry): VerifiedEntry {
  const [verified] = adoptOwnRun([entry], parseSignature(new Uint8Array(64))).entries;
  if (verified === undefined) throw new RangeError("a run of one entry has one entry");
  return verified;
}

/** A padded plaintext of the smallest length that says this. */
export function say(text: string): Plaintext {
  const bytes = new Uint8Array(128);
  bytes.set(new TextEncoder().encode(text));
  return asPlaintext(bytes);
}

export function heard(plaintext: Plaintext): string {
  return new TextDecoder().decode(plaintext).replace(/\0+$/, "");
}
