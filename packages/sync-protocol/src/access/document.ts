// What the access documents share: their head, strictness, and order.
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  labelled,
  type Signature,
  type SignLabel,
  type TenantId,
  type Verifier,
} from "@selkie/entry";
import { SyncError } from "../sync-error.ts";

/** First byte of each access document. A founding entry begins with 1, its format version. */
export const documentKind = {
  accessList: 0x11,
  slotChain: 0x12,
  accessTicket: 0x13,
  slotLogin: 0x14,
  retireList: 0x15,
} as const;

/** Documents that one claim may carry; at most. */
export const MAX_DOCUMENTS = 16;

const DOCUMENT_VERSION = 1;

/** Writes kind, version and tenant. */
export function writeDocumentHead(writer: ByteWriter, kind: number, tenant: TenantId): void {
  writer.u8(kind).u8(DOCUMENT_VERSION).bytes(tenant);
}

/** Reads kind and version. @throws SyncError `BAD_DOCUMENT` */
function readDocumentHead(reader: ByteReader, kind: number): void {
  if (reader.u8() !== kind) throw new SyncError("BAD_DOCUMENT", "another kind of document");
  if (reader.u8() !== DOCUMENT_VERSION)
    throw new SyncError("BAD_DOCUMENT", "a document version this release does not know");
}

/** Runs a decoder over all that follows kind and version. @throws SyncError `BAD_DOCUMENT`, whatever the decoder threw */
export function decodeDocument<T>(bytes: Uint8Array, kind: number, decode: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(bytes);
    readDocumentHead(reader, kind);
    const document = decode(reader);
    reader.end();
    return document;
  } catch (cause) {
    if (cause instanceof SyncError) throw cause;
    throw new SyncError("BAD_DOCUMENT", "not an access document", { cause });
  }
}

/** The items, if their 32-byte keys strictly ascend: a set has one encoding. @throws SyncError `BAD_DOCUMENT` */
export function ascendingKeys<T>(items: readonly T[], keyOf: (item: T) => Uint8Array): readonly T[] {
  let before: Uint8Array | null = null;
  for (const item of items) {
    const key = keyOf(item);
    if (key.length !== 32) throw new SyncError("BAD_DOCUMENT", "a key that is not 32 bytes");
    if (before !== null && compareBytes(before, key) >= 0)
      throw new SyncError("BAD_DOCUMENT", "keys that do not ascend");
    before = key;
  }
  return items;
}

/** What is signed, then the signature: a document as it travels. */
export function signedBytes(payload: Uint8Array, signature: Signature): Uint8Array {
  return new ByteWriter(payload.length + signature.length).bytes(payload).bytes(signature).finish();
}

/** Whether the document's own signer signed the payload; whether that signer is trusted is another question. */
export async function isSigned(
  verifier: Verifier,
  label: SignLabel,
  { signer, signature }: { readonly signer: Uint8Array; readonly signature: Signature },
  payload: Uint8Array,
): Promise<boolean> {
  const check = { publicKey: signer, message: labelled(label, payload), signature };
  const [isValid] = await verifier.verifyMany([check]);
  return isValid === true;
}
