// Permits: key versions given to people, one HPKE wrapping per recipient whatever the number of keys.
import type { CryptoProvider, KemKey, Plaintext } from "@selkie/crypto";
import { tableIndex, type VerifiedEntry } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { isAddressedTo, openBundle, recipientTag, unwrapPermit } from "../sealing/permit-part.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import type { KeySecrets, KeyVersion } from "./key-version.ts";
import { decodePermitBundle, encodePermitBundle, type HistoryPolicy } from "./permit-bundle.ts";

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
  if (!entry.parts.some(({ table }) => table === tableIndex.hpke)) return [];
  const tag = await recipientTag(crypto, kem.publicKey, entry.header.salt);
  const versions: KeySecrets[] = [];
  for (const [index, part] of entry.parts.entries()) {
    if (part.table !== tableIndex.hpke || part.type !== "sealed" || !isAddressedTo(part.ciphertext, tag)) continue;
    const opened = await openPermit(crypto, entry, kem, index);
    if (opened === null) return null;
    versions.push(...opened);
  }
  return versions;
}

async function openPermit(
  crypto: CryptoProvider,
  entry: VerifiedEntry,
  kem: KemKey,
  index: number,
): Promise<readonly KeySecrets[] | null> {
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

function readBundle(crypto: CryptoProvider, plaintext: Plaintext): readonly KeySecrets[] | null {
  try {
    return decodePermitBundle(crypto, plaintext);
  } catch (error) {
    // SECURITY: A1. Whatever is wrong with a permit, the answer is the same: nothing of it is used.
    if (error instanceof CoreError) return null;
    throw error;
  }
}
