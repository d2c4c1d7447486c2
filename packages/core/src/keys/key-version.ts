// A key version: two secrets, content and history, and the commitment to both by which the directory names it.
import type { CryptoProvider, SecretKey } from "@selkie/crypto";
import {
  concatBytes,
  type DatabaseId,
  equalBytes,
  hash,
  type KeyTag,
  parseKeyTag,
  toHex,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { CoreError } from "../errors.ts";

/** One version of a key, ready to seal and open with. */
export interface KeyVersion {
  /** 16 bytes, the same for all versions of a key. */
  readonly keyId: Uint8Array;
  readonly name: string;
  /** The 32-byte commitment to both secrets: what the directory says. */
  readonly version: Uint8Array;
  /** Seals parts. */
  readonly content: SecretKey;
  /** The 32 bytes of `content`: for permits and the KeyBag. */
  readonly contentBytes: Uint8Array;
  /** 32 bytes that open earlier versions; null when only the content secret was given (a from-now permit). */
  readonly historyBytes: Uint8Array | null;
}

/** The secrets of a key version as they travel and rest: what a permit gives and a KeyBag keeps. */
export interface KeySecrets {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** Empty until the directory has named the key. */
  readonly name: string;
  /** The 32-byte commitment to both secrets. */
  readonly version: Uint8Array;
  /** 32 bytes. */
  readonly content: Uint8Array;
  /** 32 bytes that open earlier versions; null when only the content secret was given. */
  readonly history: Uint8Array | null;
}

/** What a key version is in one database: how its parts are found, and what makes the salts of entries under it. */
export interface PlaceKeys {
  readonly tag: KeyTag;
  readonly salt: SecretKey;
}

/** A key id that only this writer can create a key under, and the nonce that proves it in the statement that does. */
export function newKeyId(crypto: CryptoProvider, writer: WriterKey): { nonce: Uint8Array; keyId: Uint8Array } {
  const nonce = crypto.randomBytes(16);
  return { nonce, keyId: keyIdOf(crypto, writer, nonce) };
}

/** The 16-byte id of the key that this writer creates with this nonce. */
export function keyIdOf(verifier: Verifier, writer: WriterKey, nonce: Uint8Array): Uint8Array {
  return hash(verifier, "key-id", writer, nonce).slice(0, 16);
}

/** Makes the two secrets of a new key version. */
export async function newKeyVersion(crypto: CryptoProvider, name: string, keyId: Uint8Array): Promise<KeyVersion> {
  const contentBytes = crypto.randomBytes(32);
  const historyBytes = crypto.randomBytes(32);
  const version = commitmentOf(crypto, keyId, contentBytes, historyHash(crypto, historyBytes));
  return { keyId, name, version, content: await crypto.importSecret(contentBytes), contentBytes, historyBytes };
}

/**
 * The commitment to a key version, 32 bytes. It takes the hash of the history secret, so that a holder of the content secret alone
 * can compare too.
 * SECURITY: whoever names a version by it names one content secret; no ciphertext can open under two (permit.test.ts "A1", "A10").
 */
export function commitmentOf(
  verifier: Verifier,
  keyId: Uint8Array,
  content: Uint8Array,
  historyHashed: Uint8Array,
): Uint8Array {
  return hash(verifier, "commitment", keyId, content, historyHashed);
}

/** What stands for the history secret in a commitment and in a from-now permit, 32 bytes. */
export function historyHash(verifier: Verifier, history: Uint8Array): Uint8Array {
  return hash(verifier, "history-commitment", history);
}

/**
 * Makes a key version out of its secrets.
 *
 * @throws CoreError `KEY_UNAUTHENTIC` when both secrets are there and are not those of the version they come with
 */
export async function openKeyVersion(crypto: CryptoProvider, secrets: KeySecrets): Promise<KeyVersion> {
  const { keyId, name, version, content, history } = secrets;
  if (history !== null) {
    const commitment = commitmentOf(crypto, keyId, content, historyHash(crypto, history));
    if (!equalBytes(commitment, version))
      throw new CoreError("KEY_UNAUTHENTIC", "a key version is not the one it names");
  }
  const contentBytes = content.slice();
  const historyBytes = history?.slice() ?? null;
  return { keyId, name, version, content: await crypto.importSecret(content), contentBytes, historyBytes };
}

const placeKeys = new WeakMap<KeyVersion, Map<string, PlaceKeys>>();

/** The tag and salt key of a version in a database, derived once. */
export async function placeKeysOf(crypto: CryptoProvider, key: KeyVersion, database: DatabaseId): Promise<PlaceKeys> {
  const keysByDatabase = placeKeys.get(key) ?? new Map<string, PlaceKeys>();
  placeKeys.set(key, keysByDatabase);
  const name = toHex(database);
  const known = keysByDatabase.get(name);
  if (known !== undefined) return known;
  const derived = await derivePlaceKeys(crypto, key, database);
  keysByDatabase.set(name, derived);
  return derived;
}

/** Overwrites the secrets of a version. JavaScript cannot promise that no copy is left. */
export function disposeKeyVersion(key: KeyVersion): void {
  for (const { salt } of placeKeys.get(key)?.values() ?? []) salt[Symbol.dispose]();
  placeKeys.delete(key);
  key.content[Symbol.dispose]();
  key.contentBytes.fill(0);
  key.historyBytes?.fill(0);
}

async function derivePlaceKeys(crypto: CryptoProvider, key: KeyVersion, database: DatabaseId): Promise<PlaceKeys> {
  const info = concatBytes(key.keyId, key.version, database);
  const tag = parseKeyTag(await crypto.derive(key.content, "derive-key-tag", info, 16));
  const saltSecret = await crypto.derive(key.content, "derive-salt-key", database, 32);
  const salt = await crypto.importSecret(saltSecret);
  saltSecret.fill(0);
  return { tag, salt };
}
