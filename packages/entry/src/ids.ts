// Branded byte strings and the parsers that mint them. A parser checks the length and nothing else: whether a key is admissible is
// the verifier's business.
import type { Brand } from "./brand.ts";
import { EntryError } from "./entry-error.ts";

/** 32 bytes: HMAC of the database name under the tenant secret; names a database without telling its name. */
export type DatabaseId = Brand<Uint8Array, "DatabaseId">;
/** 32 bytes: the id of the tenant's founding entry. */
export type TenantId = Brand<Uint8Array, "TenantId">;
/** 32-byte Ed25519 public key (RFC 8032 section 5.1.5) of one writer chain. */
export type WriterKey = Brand<Uint8Array, "WriterKey">;
/** 32 bytes: hash of an entry's header prefix and parts root; the signature is not part of it. */
export type EntryId = Brand<Uint8Array, "EntryId">;
/** 32 bytes: names one statement of the directory. */
export type StatementId = Brand<Uint8Array, "StatementId">;
/** 16 bytes: tells a holder of a key version that a part is sealed under it. */
export type KeyTag = Brand<Uint8Array, "KeyTag">;
/** 24 bytes: makes an entry's keys its own. */
export type Salt = Brand<Uint8Array, "Salt">;
/** 64-byte Ed25519 signature (RFC 8032 section 5.1.6). */
export type Signature = Brand<Uint8Array, "Signature">;
/** 32-byte Ed25519 public key by which a device logs in to a relay; used for nothing else. */
export type LoginKey = Brand<Uint8Array, "LoginKey">;
/** 32 bytes: SHA-256 of a blob's ciphertext. */
export type BlobHash = Brand<Uint8Array, "BlobHash">;
/** Sealed bytes, ending in their 16-byte AES-GCM tag. */
export type Ciphertext = Brand<Uint8Array, "Ciphertext">;

/** `prev` of a chain's first entry: 32 zero bytes. */
export const ZERO_ENTRY_ID: EntryId = new Uint8Array(32) as EntryId;

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a database id. @throws EntryError `BAD_LENGTH` */
export function parseDatabaseId(bytes: Uint8Array): DatabaseId {
  return ofLength(bytes, 32) as DatabaseId;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a tenant id. @throws EntryError `BAD_LENGTH` */
export function parseTenantId(bytes: Uint8Array): TenantId {
  return ofLength(bytes, 32) as TenantId;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a writer key. @throws EntryError `BAD_LENGTH` */
export function parseWriterKey(bytes: Uint8Array): WriterKey {
  return ofLength(bytes, 32) as WriterKey;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as an entry id. @throws EntryError `BAD_LENGTH` */
export function parseEntryId(bytes: Uint8Array): EntryId {
  return ofLength(bytes, 32) as EntryId;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a statement id. @throws EntryError `BAD_LENGTH` */
export function parseStatementId(bytes: Uint8Array): StatementId {
  return ofLength(bytes, 32) as StatementId;
}

/** @throws EntryError `BAD_LENGTH` unless 16 bytes */
/** The 16 bytes as a key tag. @throws EntryError `BAD_LENGTH` */
export function parseKeyTag(bytes: Uint8Array): KeyTag {
  return ofLength(bytes, 16) as KeyTag;
}

/** @throws EntryError `BAD_LENGTH` unless 24 bytes */
/** The 24 bytes as a salt. @throws EntryError `BAD_LENGTH` */
export function parseSalt(bytes: Uint8Array): Salt {
  return ofLength(bytes, 24) as Salt;
}

/** @throws EntryError `BAD_LENGTH` unless 64 bytes */
/** The 64 bytes as a signature. @throws EntryError `BAD_LENGTH` */
export function parseSignature(bytes: Uint8Array): Signature {
  return ofLength(bytes, 64) as Signature;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a login key. @throws EntryError `BAD_LENGTH` */
export function parseLoginKey(bytes: Uint8Array): LoginKey {
  return ofLength(bytes, 32) as LoginKey;
}

/** @throws EntryError `BAD_LENGTH` unless 32 bytes */
/** The 32 bytes as a hash of a blob. @throws EntryError `BAD_LENGTH` */
export function parseBlobHash(bytes: Uint8Array): BlobHash {
  return ofLength(bytes, 32) as BlobHash;
}

/** @throws EntryError `BAD_LENGTH` when shorter than the 16-byte tag every ciphertext ends in */
/** At least 16 bytes, the length of a tag, as a ciphertext. @throws EntryError `BAD_LENGTH` */
export function parseCiphertext(bytes: Uint8Array): Ciphertext {
  if (bytes.length < 16) throw new EntryError("BAD_LENGTH", `a ciphertext has at least 16 bytes, not ${bytes.length}`);
  return bytes as Ciphertext;
}

/** The tenant that this founding entry founds. */
export function tenantIdOf(founding: EntryId): TenantId {
  return parseTenantId(founding);
}

function ofLength(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new EntryError("BAD_LENGTH", `${length} bytes were due, not ${bytes.length}`);
  return bytes;
}
