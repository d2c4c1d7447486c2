// Links: the secrets of an earlier key version, sealed under the history secret of a later one. So one permit opens all history.
import { asPlaintext, type CryptoProvider } from "@selkie/crypto";
import { type Ciphertext, concatBytes, equalBytes, parseCiphertext } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { commitmentOf, historyHash, type KeySecrets, type KeyVersion } from "./key-version.ts";

/** A predecessor and its sealed secrets. */
export interface SealedLink {
  /** Of the predecessor, 32 bytes. */
  readonly version: Uint8Array;
  /** {@link linkBytes} bytes. */
  readonly sealed: Ciphertext;
}

/** A link and the version that opens it. */
export interface VersionLink extends SealedLink {
  /** 16 bytes. */
  readonly keyId: Uint8Array;
  /** The later version, 32 bytes. */
  readonly from: Uint8Array;
}

/** Content secret, history secret, and the tag. */
export const linkBytes: number = 32 + 32 + 16;

/**
 * Seals a predecessor under a version. The two name each other in the AES key, which seals this one message.
 *
 * @throws CoreError `KEY_WITHHELD` when this device lacks a history secret: what it could link could not be compared
 */
export async function sealLink(
  crypto: CryptoProvider,
  from: KeyVersion,
  { version, contentBytes, historyBytes }: KeyVersion,
): Promise<SealedLink> {
  if (from.historyBytes === null || historyBytes === null) {
    throw new CoreError("KEY_WITHHELD", "a link needs both secrets of both versions");
  }
  using key = await linkKey(crypto, { keyId: from.keyId, from: from.version, version }, from.historyBytes);
  const plaintext = asPlaintext(concatBytes(contentBytes, historyBytes));
  const [sealed] = await crypto.sealMany(key, [{ nonce: 0, aad: new Uint8Array(), plaintext }]);
  plaintext.fill(0);
  return { version, sealed: parseCiphertext(sealed ?? new Uint8Array()) };
}

/**
 * Opens a link. Null is the one answer to whatever is wrong with it.
 * SECURITY: A1, A10. What a link holds is compared with the commitment that names it before it is used (version-link.test.ts).
 */
export async function openLink(
  crypto: CryptoProvider,
  link: VersionLink,
  history: Uint8Array,
): Promise<KeySecrets | null> {
  if (link.sealed.length !== linkBytes) return null;
  using key = await linkKey(crypto, link, history);
  const [plaintext] = await crypto.openMany(key, [{ nonce: 0, aad: new Uint8Array(), ciphertext: link.sealed }]);
  if (plaintext === undefined || plaintext === null) return null;
  const content = plaintext.slice(0, 32);
  const historyBytes = plaintext.slice(32, 64);
  plaintext.fill(0);
  const commitment = commitmentOf(crypto, link.keyId, content, historyHash(crypto, historyBytes));
  if (!equalBytes(commitment, link.version)) return null;
  return { keyId: link.keyId, name: "", version: link.version, content, history: historyBytes };
}

type LinkEnds = Pick<VersionLink, "keyId" | "from" | "version">;

async function linkKey(crypto: CryptoProvider, { keyId, from, version }: LinkEnds, history: Uint8Array) {
  using secret = await crypto.importSecret(history);
  return await crypto.deriveAead(secret, "derive-version-link", concatBytes(keyId, from, version));
}
