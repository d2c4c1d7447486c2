// The founding entry of a tenant, as a relay gets it at registration: 228 bytes whose hash is the tenant id.
import { ByteReader } from "./byte-reader.ts";
import { concatBytes } from "./bytes.ts";
import { entryIdOf, type IdentifiedEntry } from "./entry.ts";
import { EntryError } from "./entry-error.ts";
import { encodeHeaderPrefix, entryType, readHeaderPrefix } from "./header.ts";
import { type DatabaseId, parseSignature, type TenantId, tenantIdOf, type WriterKey } from "./ids.ts";
import { labelled } from "./labels.ts";
import { hash, type Verifier } from "./verifier.ts";

/** What a founding header proves. */
export interface Founding {
  readonly tenant: TenantId;
  /** The root key: writer of the founding entry. */
  readonly root: WriterKey;
  /** The directory. */
  readonly database: DatabaseId;
}

/**
 * Header prefix 132, parts root 32, signature 64.
 *
 * @throws EntryError `BAD_TYPE` unless it is a founding entry, `SIGNATURE_INVALID` when it carries no signature
 */
export function encodeFounding(entry: IdentifiedEntry): Uint8Array {
  if (entry.header.type !== entryType.founding) throw new EntryError("BAD_TYPE", "not a founding entry");
  if (entry.signature === null) throw new EntryError("SIGNATURE_INVALID", "the founding entry carries no signature");
  return concatBytes(encodeHeaderPrefix(entry.header), entry.root, entry.signature);
}

/**
 * Verifies a founding header; needs none of the entry's parts.
 *
 * @throws EntryError for whatever is not the signed header of a founding entry
 */
export async function verifyFounding(verifier: Verifier, bytes: Uint8Array): Promise<Founding> {
  const reader = new ByteReader(bytes);
  const header = readHeaderPrefix(reader);
  const root = reader.bytes(32);
  const signature = parseSignature(reader.bytes(64));
  reader.end();
  if (header.type !== entryType.founding) throw new EntryError("BAD_TYPE", "not a founding entry");
  const id = entryIdOf(verifier, hash(verifier, "prefix", encodeHeaderPrefix(header)), root);
  const check = { publicKey: header.writer, message: labelled("sign-entry", id), signature };
  const [isValid] = await verifier.verifyMany([check]);
  if (isValid !== true) throw new EntryError("SIGNATURE_INVALID", "the founding header is not signed by its writer");
  return { tenant: tenantIdOf(id), root: header.writer, database: header.database };
}
