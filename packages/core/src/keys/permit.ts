// Permits: key versions given to people, one HPKE wrapping per recipient whatever the number of keys.
import type { CryptoProvider, KemKey, Plaintext } from "@selkie/crypto";
import { equalBytes, recipientName, recipientTag, tableIndex, type VerifiedEntry } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { isAddressedTo, openBundle, unwrapPermit } from "../sealing/permit-part.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { identityKeyName } from "./identity-key.ts";
import type { KeySecrets, KeyVersion } from "./key-version.ts";
import {
  decodePermitBundle,
  encodePermitBundle,
  encodeUserKeys,
  type HistoryPolicy,
  type PermitBundle,
  type UserKeySecret,
} from "./permit-bundle.ts";

/**
 * The parts that give these versions to these recipients: a permit each, at most 64 an entry, and one bundle.
 *
 * @throws CoreError `KEY_WITHHELD` when this device lacks the history secret of a version
 */
export function draftPermits(
  crypto: CryptoProvider,
  recipients: readonly { readonly kem: Uint8Array }[],
  versions: readonly KeyVersion[],
  history: HistoryPolicy,
): readonly PartDraft[] {
  const secret = crypto.randomBytes(32);
  const permits = recipients.map(({ kem }): PartDraft => ({ kind: "permit", recipient: kem, secret }));
  return [...permits, { kind: "bundle", secret, plaintext: encodePermitBundle(crypto, versions, history) }];
}

/** The parts that give the person's keys to the person's devices: a permit for each device's KEM key, at most 64 an entry, and one bundle. */
export function draftUserKeys(
  crypto: CryptoProvider,
  devices: readonly { readonly kem: Uint8Array }[],
  userKeys: readonly UserKeySecret[],
): readonly PartDraft[] {
  const secret = crypto.randomBytes(32);
  const permits = devices.map(({ kem }): PartDraft => ({ kind: "permit", recipient: kem, secret }));
  return [...permits, { kind: "bundle", secret, plaintext: encodeUserKeys(userKeys) }];
}

/**
 * Opens what an entry permits the holder of this key. What it gives is genuine only once the directory names the same versions.
 *
 * @returns the versions; `[]` when no permit of the entry is for this key; `null` when one is and does not open, or holds secrets that
 * are not what it says
 */
export async function openPermits(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  kem: KemKey,
): Promise<readonly KeySecrets[] | null> {
  const bundles = await openBundles(crypto, entry, kem);
  return bundles?.flatMap(({ versions }) => versions) ?? null;
}

/**
 * Opens the keys of a person that an entry gives the holder of a device's KEM key.
 *
 * @returns the secrets; `[]` when there are none; `null` when a permit does not open, or one of them is not the key it is said to be
 */
export async function openUserKeys(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  kem: KemKey,
): Promise<readonly UserKeySecret[] | null> {
  const userKeys = (await openBundles(crypto, entry, kem))?.flatMap((bundle) => bundle.userKeys) ?? null;
  for (const { kind, name, seed } of userKeys ?? []) {
    using key = kind === "user" ? await crypto.importKemKey(seed) : await crypto.importSigningKey(seed);
    // SECURITY: A1. A seed that makes another key than it names is used for nothing (permit.test.ts).
    if (!equalBytes(identityKeyName(crypto, key.publicKey), name)) return null;
  }
  return userKeys;
}

async function openBundles(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  kem: KemKey,
): Promise<readonly PermitBundle[] | null> {
  if (!entry.parts.some(({ table }) => table === tableIndex.hpke)) return [];
  const tag = recipientTag(crypto, recipientName(crypto, kem.publicKey), entry.header.salt);
  const bundles: PermitBundle[] = [];
  for (const [index, part] of entry.parts.entries()) {
    if (part.table !== tableIndex.hpke || part.type !== "sealed" || !isAddressedTo(part.ciphertext, tag)) continue;
    const opened = await openPermit(crypto, entry, kem, index);
    if (opened === null) return null;
    bundles.push(opened);
  }
  return bundles;
}

async function openPermit(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  kem: KemKey,
  index: number,
): Promise<PermitBundle | null> {
  const permit = entry.parts[index];
  if (permit?.type !== "sealed") return null;
  const place = { salt: entry.header.salt, prefixHash: entry.prefixHash };
  const unwrapped = await unwrapPermit(crypto, kem, { ...place, index, ciphertext: permit.ciphertext });
  if (unwrapped === null) return null;
  const bundle = entry.parts[unwrapped.bundle];
  if (bundle?.type !== "sealed" || bundle.table !== tableIndex.bundle) return null;
  const sealed = { ...place, index: unwrapped.bundle, ciphertext: bundle.ciphertext };
  const plaintext = await openBundle(crypto, unwrapped.secret, sealed);
  return plaintext === null ? null : readBundle(crypto, plaintext);
}

function readBundle(crypto: CryptoProvider, plaintext: Plaintext): PermitBundle | null {
  try {
    return decodePermitBundle(crypto, plaintext);
  } catch (error) {
    // SECURITY: A1. Whatever is wrong with a permit, the answer is the same: nothing of it is used. Test: permit.test.ts.
    if (error instanceof CoreError) return null;
    throw error;
  }
}
