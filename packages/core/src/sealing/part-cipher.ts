// What sealing and opening share: the key of an entry's parts, and what a part's tag covers.
import type { AeadKey, CryptoProvider, SecretKey } from "@selkie/crypto";
import { concatBytes, type KeyTag, type PartKind, partKind, type Salt } from "@selkie/entry";

/** The kinds of part that are sealed under a key version. */
export type SealedKind = "change" | "control" | "statement" | "contents";

/** Their codes. */
export const sealedKinds: Readonly<Record<SealedKind, PartKind>> = {
  change: partKind.change,
  control: partKind.control,
  statement: partKind.statement,
  contents: partKind.contents,
};

/** The name of a part's kind; null for permits and their bundles, which are sealed otherwise. */
export function sealedKindOf(kind: PartKind): SealedKind | null {
  switch (kind) {
    case partKind.change:
      return "change";
    case partKind.control:
      return "control";
    case partKind.statement:
      return "statement";
    case partKind.contents:
      return "contents";
    case partKind.permit:
      return null;
    default:
      return kind satisfies never;
  }
}

/** What the AES key of an entry's parts is derived for, under one content secret. */
export interface EntryKeyPlace {
  readonly tag: KeyTag;
  readonly salt: Salt;
  readonly prefixHash: Uint8Array;
}

/** The label of that derivation. */
export const entryKeyLabel = "derive-entry-key";

/**
 * The info of that derivation, in pieces: the key is HMAC-SHA-256(content secret, label, tag, salt, prefix hash, 01).
 * SECURITY: the prefix hash binds database, writer, seq and prev, the tag binds the key version: a part opens nowhere else
 * (transplant.test.ts "B2").
 */
export function entryKeyInfo({ tag, salt, prefixHash }: EntryKeyPlace): readonly Uint8Array[] {
  return [tag, salt, prefixHash];
}

/** The AES key of one entry's parts under one content secret. */
export function deriveEntryKey(crypto: CryptoProvider, content: SecretKey, at: EntryKeyPlace): Promise<AeadKey> {
  return crypto.deriveAead(content, entryKeyLabel, concatBytes(...entryKeyInfo(at)));
}

/**
 * What a part's tag covers beside its plaintext: kind u8, index u16. The nonce is the index too.
 * SECURITY: a part stands for nothing at another index or as another kind (transplant.test.ts "B2", "B3").
 */
export function partAad(kind: PartKind, index: number): Uint8Array {
  if (index >= KNOWN) return makeAad(kind, index);
  const place = kind * KNOWN + index;
  known[place] ??= makeAad(kind, index);
  return known[place];
}

/** Entries that are written here have about a hundred parts at most. Nobody writes to these. */
const KNOWN = 128;
const known: Uint8Array[] = [];

function makeAad(kind: PartKind, index: number): Uint8Array {
  const aad = new Uint8Array(3);
  aad[0] = kind;
  aad[1] = index >>> 8;
  aad[2] = index;
  return aad;
}
