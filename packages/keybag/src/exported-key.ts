// A key on its way from one KeyBag to another, as text: docs/spec/keybag.md, section "Exported key".
import {
  type Argon2Parameters,
  asPlaintext,
  type CryptoProvider,
  openCommittedBox,
  sealCommittedBox,
} from "@selkie/crypto";
import {
  ByteReader,
  concatBytes,
  EntryError,
  equalBytes,
  fromBase64url,
  hash,
  parseTenantId,
  toBase64url,
  type Verifier,
} from "@selkie/entry";
import { bytesOf, decodeCbor, encodeCbor, fieldsOf, listOf } from "./cbor.ts";
import { contentLimits, decodeKeyVersion, encodeKeyVersion } from "./content.ts";
import { KeyBagError } from "./errors.ts";
import {
  decodePasswordHead,
  derivePasswordKey,
  encodePasswordHead,
  newPasswordHead,
  type PasswordHead,
  passwordHeadBytes,
} from "./password.ts";
import type { StoredKeyVersion } from "./records.ts";

const scheme = "selkie-key:";
const prefix = `${scheme}1:`;
const suite = 1;
const checksumBytes = 8;
const maxTextLength: number = 16 * 1024 * 1024;

/** All given versions, of one tenant, sealed under a password. */
export async function sealExportedKey(
  crypto: CryptoProvider,
  versions: readonly StoredKeyVersion[],
  password: Uint8Array,
  parameters: Argon2Parameters,
): Promise<string> {
  const head = newPasswordHead(crypto, parameters);
  const plaintext = encodeCbor([versions[0]?.tenant ?? null, versions.map(encodeKeyVersion)]);
  try {
    using key = await derivePasswordKey(crypto, password, head);
    const context = contextOf(head);
    const box = await sealCommittedBox(crypto, key, "derive-key-export", context, asPlaintext(plaintext));
    const body = concatBytes(context.subarray(prefix.length), box);
    return prefix + toBase64url(concatBytes(body, checksum(crypto, body)));
  } finally {
    plaintext.fill(0);
  }
}

/** An exported key taken apart; nothing in it is opened. */
export interface ExportedKey {
  readonly head: PasswordHead;
  readonly box: Uint8Array;
}

/**
 * Takes a text apart; runs no KDF.
 * @throws KeyBagError `DAMAGED`, `UNSUPPORTED_VERSION`, `KDF_PARAMETERS`
 */
export function decodeExportedKey(verifier: Verifier, text: string): ExportedKey {
  if (!text.startsWith(scheme) || text.length > maxTextLength) {
    throw new KeyBagError("DAMAGED", "this text is no exported key");
  }
  if (!text.startsWith(prefix)) throw new KeyBagError("UNSUPPORTED_VERSION", "the exported key is of another version");
  const bytes = bytesOfText(text.slice(prefix.length));
  const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
  if (body.length <= 1 + passwordHeadBytes || !equalBytes(checksum(verifier, body), bytes.subarray(body.length))) {
    throw new KeyBagError("DAMAGED", "the exported key's checksum does not match: it was not copied whole");
  }
  const reader = new ByteReader(body);
  if (reader.u8() !== suite) throw new KeyBagError("UNSUPPORTED_VERSION", "the exported key is of another suite");
  return { head: decodePasswordHead(reader), box: reader.bytes(reader.remaining).slice() };
}

/** @throws KeyBagError `WRONG_PASSWORD`, `DAMAGED` */
export async function openExportedKey(
  crypto: CryptoProvider,
  { head, box }: ExportedKey,
  password: Uint8Array,
): Promise<readonly StoredKeyVersion[]> {
  using key = await derivePasswordKey(crypto, password, head);
  const plaintext = await openCommittedBox(crypto, key, "derive-key-export", contextOf(head), box);
  if (plaintext === null) throw new KeyBagError("WRONG_PASSWORD", "the exported key does not open with this password");
  try {
    return decodeVersions(plaintext);
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new KeyBagError("DAMAGED", "the exported key's content is broken", { cause });
  } finally {
    plaintext.fill(0);
  }
}

function decodeVersions(plaintext: Uint8Array): readonly StoredKeyVersion[] {
  const [tenantBytes, list] = fieldsOf(decodeCbor(plaintext), 2);
  const tenant = parseTenantId(bytesOf(tenantBytes, 32));
  return listOf(list, contentLimits.keyVersions).map((fields) => ({
    tenant,
    ...decodeKeyVersion(fieldsOf(fields, 5)),
    imported: true,
  }));
}

function bytesOfText(text: string): Uint8Array {
  try {
    return fromBase64url(text);
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new KeyBagError("DAMAGED", "the exported key is not in its one spelling", { cause });
  }
}

/** What the box authenticates besides its plaintext: the version in the prefix, the suite, and the head. */
function contextOf(head: PasswordHead): Uint8Array {
  return concatBytes(new TextEncoder().encode(prefix), Uint8Array.of(suite), encodePasswordHead(head));
}

function checksum(verifier: Verifier, body: Uint8Array): Uint8Array {
  return hash(verifier, "keybag-checksum", new TextEncoder().encode(prefix), body).subarray(0, checksumBytes);
}
