// The sealed file: docs/spec/keybag.md, section "File".
import { asPlaintext, type CryptoProvider, openBox, type SecretKey, sealBox } from "@selkie/crypto";
import { ByteReader, ByteWriter, concatBytes, EntryError, equalBytes, hash, type Verifier } from "@selkie/entry";
import { decodeContent, encodeReadable } from "./content.ts";
import { KeyBagError } from "./errors.ts";
import { noRecords, type Records } from "./records.ts";
import { decodeSlot, encodeSlot, type Slot } from "./slot.ts";

const magic: Uint8Array = new TextEncoder().encode("selkiebag");
const version = 1;
const suite = 1;
const checksumBytes = 8;
const boxOverhead = 24 + 16;
const maxFileBytes: number = 16 * 1024 * 1024;
const maxSlots = 8;
const maxSlotBytes = 4_096;

/** What every file of this version begins with: magic, version, suite. */
export const fileHead: Uint8Array = concatBytes(magic, Uint8Array.of(version, suite));

/** A file taken apart; nothing in it is opened. */
export interface SealedFile {
  readonly slots: readonly Slot[];
  /** Every byte before the content's box: what the box authenticates. */
  readonly before: Uint8Array;
  readonly box: Uint8Array;
}

/**
 * @param readable `encodeReadable`
 * @throws KeyBagError `RECORD_INVALID`, `FULL`
 */
export async function sealFile(
  crypto: CryptoProvider,
  master: SecretKey,
  slots: readonly Slot[],
  records: Records,
  readable: Records = noRecords,
): Promise<Uint8Array> {
  const content = encodeReadable(records, readable);
  const writer = new ByteWriter().bytes(fileHead).u8(slots.length);
  for (const slot of slots) writer.bytes(encodeSlot(slot));
  const before = writer.u32(content.length + boxOverhead).finish();
  if (before.length + content.length + boxOverhead + checksumBytes > maxFileBytes) {
    content.fill(0);
    throw new KeyBagError("FULL", "the KeyBag holds as many bytes as its format allows");
  }
  try {
    const box = await sealBox(crypto, master, "derive-keybag-content", before, asPlaintext(content));
    const body = concatBytes(before, box);
    return concatBytes(body, checksum(crypto, body));
  } finally {
    content.fill(0);
  }
}

/**
 * Takes a file apart; runs no KDF. The checksum tells accidents from wrong passwords; against intent the boxes stand.
 * @throws KeyBagError `UNSUPPORTED_VERSION`, `DAMAGED`, `KDF_PARAMETERS`
 */
export function decodeFile(verifier: Verifier, bytes: Uint8Array): SealedFile {
  if (bytes.length > maxFileBytes || !equalBytes(bytes.subarray(0, magic.length), magic)) {
    throw new KeyBagError("DAMAGED", "these bytes are no KeyBag");
  }
  if (!equalBytes(bytes.subarray(0, fileHead.length), fileHead)) {
    throw new KeyBagError("UNSUPPORTED_VERSION", "the KeyBag is of another format version or suite");
  }
  const body = bytes.subarray(0, Math.max(0, bytes.length - checksumBytes));
  if (!equalBytes(checksum(verifier, body), bytes.subarray(body.length))) {
    throw new KeyBagError("DAMAGED", "the KeyBag's checksum does not match");
  }
  try {
    return decodeBody(body);
  } catch (cause) {
    if (!(cause instanceof EntryError)) throw cause;
    throw new KeyBagError("DAMAGED", "the KeyBag's layout is broken", { cause });
  }
}

/** @throws KeyBagError `DAMAGED` */
export async function openContent(crypto: CryptoProvider, master: SecretKey, file: SealedFile): Promise<Records> {
  const content = await openBox(crypto, master, "derive-keybag-content", file.before, file.box);
  if (content === null) throw new KeyBagError("DAMAGED", "the KeyBag's content does not open under its master key");
  try {
    return decodeContent(content);
  } finally {
    content.fill(0);
  }
}

function decodeBody(body: Uint8Array): SealedFile {
  const reader = new ByteReader(body);
  reader.bytes(fileHead.length);
  const count = reader.u8();
  if (count < 1 || count > maxSlots) throw new KeyBagError("DAMAGED", `a KeyBag has 1 to ${maxSlots} slots`);
  const slots: Slot[] = [];
  for (let index = 0; index < count; index++) {
    const kind = reader.u8();
    const length = reader.u16();
    if (length > maxSlotBytes) throw new KeyBagError("DAMAGED", `a slot has at most ${maxSlotBytes} bytes`);
    slots.push(decodeSlot(kind, reader.bytes(length)));
  }
  const length = reader.u32();
  const before = body.slice(0, reader.offset);
  const box = reader.bytes(length).slice();
  reader.end();
  return { slots, before, box };
}

function checksum(verifier: Verifier, body: Uint8Array): Uint8Array {
  return hash(verifier, "keybag-checksum", body).subarray(0, checksumBytes);
}
