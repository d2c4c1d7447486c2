// One chunk: its name, and its bytes as they leave this device.

import type { BlobKeys } from "@selkie/core";
import { asPlaintext, type CryptoProvider, equalSecrets, type Plaintext } from "@selkie/crypto";
import { type Ciphertext, concatBytes, parseCiphertext } from "@selkie/entry";

const SUITE = 1;

/** What chunks are sealed and opened with. */
export interface ChunkKeys {
  readonly crypto: CryptoProvider;
  readonly keys: BlobKeys;
}

/** Where a chunk stands in its attachment, for contents whose chunks are never shared. */
export interface ChunkPlace {
  /** 32 bytes, random for each content; null where equal chunks have one name. */
  readonly salt: Uint8Array | null;
  readonly level: number;
  readonly index: number;
}

/**
 * 32 bytes: a MAC of the padded plaintext. Only who holds the key can tell what has this name.
 * SECURITY: tests "C2 ...", "K-6 ...".
 */
export async function chunkId({ crypto, keys }: ChunkKeys, place: ChunkPlace, padded: Plaintext): Promise<Uint8Array> {
  const [id] = await crypto.macMany(keys.chunks, "mac-chunk", [place.salt === null ? padded : salted(place, padded)]);
  return id ?? new Uint8Array();
}

function salted({ salt, level, index }: ChunkPlace, padded: Plaintext): Uint8Array {
  const place = new Uint8Array(9);
  place[0] = level;
  new DataView(place.buffer).setBigUint64(1, BigInt(index));
  return concatBytes(salt ?? new Uint8Array(), place, padded);
}

/** The chunk sealed under a key of its own, which derives from its name. The same plaintext gives the same bytes. */
export async function sealChunk({ crypto, keys }: ChunkKeys, id: Uint8Array, padded: Plaintext): Promise<Ciphertext> {
  using key = await crypto.deriveAead(keys.chunks, "derive-chunk-key", id);
  const [sealed] = await crypto.sealMany(key, [{ nonce: 0, aad: associated(keys, id), plaintext: padded }]);
  return sealed ?? parseCiphertext(new Uint8Array());
}

/** The padded plaintext, or null when these bytes are not the chunk of this name under this key. */
export async function openChunk(
  { crypto, keys }: ChunkKeys,
  id: Uint8Array,
  sealed: Uint8Array,
): Promise<Plaintext | null> {
  const item = { nonce: 0, aad: associated(keys, id), ciphertext: parseCiphertext(sealed) };
  const [opened] = await crypto.openBatches("derive-chunk-key", [{ secret: keys.chunks, info: [id], items: [item] }]);
  return opened?.[0] ?? null;
}

/**
 * Whether a plaintext has this name. Opening does not tell: who holds the key can seal two plaintexts under one name.
 * SECURITY: bytes that no hash of their blob vouches for are held against their name (C1). Test: "C1 two plaintexts under one name ...".
 */
export async function hasId(chunks: ChunkKeys, place: ChunkPlace, id: Uint8Array, padded: Plaintext): Promise<boolean> {
  return equalSecrets(await chunkId(chunks, place, padded), id);
}

function associated({ version }: BlobKeys, id: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(SUITE), version, id);
}

/** Padding is zero. */
export function isPadded(padded: Plaintext, length: number): boolean {
  return padded.subarray(length).every((byte) => byte === 0);
}

/** A view of a plaintext. */
export function sliceOf(plaintext: Plaintext, from: number, to: number): Plaintext {
  return asPlaintext(plaintext.subarray(from, to));
}
