// The salt of an entry, a MAC over where the entry stands and what it says. Sealing is a function: the same entry seals to the same
// bytes again, no random generator can repeat, and equal plaintexts at other positions share nothing a relay could see.
import type { CryptoProvider, SecretKey } from "@selkie/crypto";
import {
  ByteWriter,
  type EntryId,
  hash,
  type KeyTag,
  type PartKind,
  parseSalt,
  type Salt,
  type WriterKey,
} from "@selkie/entry";

/** The clear frame of a part: kind, table index, length of the ciphertext. */
export interface PartFrame {
  readonly kind: PartKind;
  readonly table: number;
  readonly length: number;
}

/** What a salt covers. */
export interface SaltInput {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly prev: EntryId;
  readonly tags: readonly KeyTag[];
  readonly frames: readonly PartFrame[];
  /** One per frame, padded. */
  readonly plaintexts: readonly Uint8Array[];
}

/** 24 bytes; receivers never refuse an entry on it. */
export async function entrySalt(crypto: CryptoProvider, key: SecretKey, input: SaltInput): Promise<Salt> {
  const place = new ByteWriter(104).bytes(input.writer).u64(input.seq).bytes(input.prev).bytes(digest(crypto, input));
  const [mac] = await crypto.macMany(key, "mac-salt", [place.finish()]);
  return parseSalt((mac ?? new Uint8Array()).slice(0, 24));
}

/** The frames come first and give every length that follows, so two entries never share an input. */
function digest(crypto: CryptoProvider, { tags, frames, plaintexts }: SaltInput): Uint8Array {
  const head = new ByteWriter(3 + 16 * tags.length + 6 * frames.length).u8(tags.length);
  for (const tag of tags) head.bytes(tag);
  head.u16(frames.length);
  for (const { kind, table, length } of frames) head.u8(kind).u8(table).u32(length);
  return hash(crypto, "padded-parts", head.finish(), ...plaintexts);
}
