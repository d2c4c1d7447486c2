// Vectors: how far somebody holds each chain of a database.
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { compareBytes, fromHex, toHex } from "./bytes.ts";
import { EntryError } from "./entry-error.ts";
import { type DatabaseId, type EntryId, parseEntryId, parseWriterKey } from "./ids.ts";
import { limits } from "./limits.ts";
import { hash, type Verifier } from "./verifier.ts";

/** The newest entry of a chain. */
export interface Head {
  readonly seq: number;
  readonly id: EntryId;
}

/** Head by writer key in lower-case hexadecimal. */
export type Vector = ReadonlyMap<string, Head>;

const HEAD_BYTES = 72;

/**
 * Writers in ascending order: count ULEB, then per writer key 32, seq u64, id 32. One vector has one encoding.
 *
 * @throws EntryError `TOO_LARGE`, `BAD_HEX`, `BAD_LENGTH`
 */
export function encodeVector(vector: Vector): Uint8Array {
  if (vector.size > limits.vectorWriters) throw new EntryError("TOO_LARGE", `a vector of ${vector.size} writers`);
  const writer = new ByteWriter(4 + HEAD_BYTES * vector.size);
  writer.uleb(vector.size);
  // Lower-case hexadecimal sorts as its bytes do.
  const heads = vector.size < 2 ? vector : [...vector].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, { seq, id }] of heads) {
    writer
      .bytes(parseWriterKey(fromHex(key)))
      .u64(seq)
      .bytes(parseEntryId(id));
  }
  return writer.finish();
}

/**
 * Reads a vector.
 *
 * @throws EntryError `TRUNCATED`, `TRAILING_BYTES`, `TOO_LARGE`, `NOT_MINIMAL`, `NOT_ASCENDING`
 */
export function decodeVector(bytes: Uint8Array): Vector {
  const reader = new ByteReader(bytes);
  const count = reader.uleb(limits.vectorWriters);
  const vector = new Map<string, Head>();
  let before: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const key = reader.bytes(32);
    if (before !== undefined && compareBytes(before, key) >= 0) {
      throw new EntryError("NOT_ASCENDING", "writers of a vector ascend");
    }
    vector.set(toHex(key), { seq: reader.u64(), id: parseEntryId(reader.bytes(32)) });
    before = key;
  }
  reader.end();
  return vector;
}

/** Digest of a vector, 32 bytes: equal exactly when both sides hold the same entries of this database. */
export function vectorDigest(verifier: Verifier, database: DatabaseId, vector: Vector): Uint8Array {
  return hash(verifier, "vector", database, encodeVector(vector));
}
