// Several current versions of a key as one: only who can open every one of them can seal or open under it.
import type { CryptoProvider } from "@selkie/crypto";
import { compareBytes, concatBytes, hash } from "@selkie/entry";
import type { KeyVersion } from "./key-version.ts";

/** What several versions of one key make together. The directory names no such version, and no permit gives one. */
export interface MergedVersion extends KeyVersion {
  /** Ascending by version, at least two. */
  readonly parts: readonly KeyVersion[];
}

export function isMerged(key: KeyVersion): key is MergedVersion {
  return "parts" in key;
}

/** What a key table may hold beside a merged version's tag: more versions than anybody made at once are rotated first. */
export const maxMerged = 64;

/**
 * Merges versions of one key: HKDF (RFC 5869) over their content secrets in id order, the salt being the merged version's id. A combination
 * of independent secrets is as strong as the best of them (NIST SP 800-56C revision 2, section 2).
 */
export async function mergeVersions(crypto: CryptoProvider, versions: readonly KeyVersion[]): Promise<MergedVersion> {
  const parts = versions.toSorted((a, b) => compareBytes(a.version, b.version));
  const { keyId, name } = parts[0] ?? { keyId: new Uint8Array(16), name: "" };
  const version = hash(crypto, "merged-key", keyId, ...parts.map((part) => part.version));
  using salt = await crypto.importSecret(version);
  const secrets = concatBytes(...parts.map(({ contentBytes }) => contentBytes));
  const [extracted] = await crypto.macMany(salt, "mac-merged-key", [secrets]);
  secrets.fill(0);
  using pseudorandom = await crypto.importSecret(extracted ?? new Uint8Array());
  const contentBytes = await crypto.derive(pseudorandom, "derive-merged-key", concatBytes(keyId, version), 32);
  extracted?.fill(0);
  const content = await crypto.importSecret(contentBytes);
  return { keyId, name, version, content, contentBytes, historyBytes: null, parts };
}
