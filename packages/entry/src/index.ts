export { fromBase64url, toBase64url } from "./base64url.ts";
export { decodeEntryBody, type EntryPlace, encodeEntryBody, viewEntryBody } from "./body-codec.ts";
export type { Brand } from "./brand.ts";
export { ByteReader } from "./byte-reader.ts";
export { ByteWriter } from "./byte-writer.ts";
export { compareBytes, concatBytes, equalBytes, fromHex, sliceToHex, toHex } from "./bytes.ts";
export { isAdmissiblePublicKey } from "./ed25519-rule.ts";
export { type Entry, entryIdOf, entrySize, type IdentifiedEntry, identifyEntry } from "./entry.ts";
export { ENTRY_ERROR_CODES, EntryError, type EntryErrorCode } from "./entry-error.ts";
export { encodeFounding, type Founding, verifyFounding } from "./founding.ts";
export {
  type EntryHeader,
  type EntryType,
  encodeHeaderPrefix,
  entryType,
  FORMAT_VERSION,
  HEADER_PREFIX_BYTES,
  headerPrefixHash,
  parseEntryType,
} from "./header.ts";
export {
  type BlobHash,
  type Ciphertext,
  type DatabaseId,
  type EntryId,
  type KeyTag,
  type LoginKey,
  parseBlobHash,
  parseCiphertext,
  parseDatabaseId,
  parseEntryId,
  parseKeyTag,
  parseLoginKey,
  parseSalt,
  parseSignature,
  parseStatementId,
  parseTenantId,
  parseWriterKey,
  type Salt,
  type Signature,
  type StatementId,
  type TenantId,
  tenantIdOf,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "./ids.ts";
export {
  ALL_LABELS,
  DERIVE_LABELS,
  type DeriveLabel,
  HASH_LABELS,
  type HashLabel,
  type Label,
  labelled,
  MAC_LABELS,
  type MacLabel,
  SIGN_LABELS,
  type SignLabel,
} from "./labels.ts";
export { limits } from "./limits.ts";
export {
  type HolePart,
  holeOf,
  type Part,
  type PartFrame,
  type PartKind,
  partHash,
  partKind,
  partLength,
  type SealedPart,
  tableIndex,
} from "./part.ts";
export { portableVerifier } from "./portable-verifier.ts";
export { RECIPIENT_TAG_BYTES, recipientName, recipientTag } from "./recipient-tag.ts";
export type { AppendResult, ArrivedRuns, Replica } from "./replica.ts";
export { cutRun, type ReadLimit, type Run, runOf, runSize } from "./run.ts";
export { RunDecoder, RunEncoder } from "./run-codec.ts";
export { decodeVector, encodeVector, type Head, type Vector, vectorDigest } from "./vector.ts";
export { hash, type SignatureCheck, type Verifier } from "./verifier.ts";
export {
  adoptOwnRun,
  type RefusalCode,
  type RunVerdict,
  reviveEntry,
  type StoredPlace,
  type VerifiedEntry,
  type VerifiedRun,
  verifyRuns,
  withFilled,
} from "./verify.ts";
export { toldPlaces, type Wanted, wantedParts } from "./wanted.ts";
