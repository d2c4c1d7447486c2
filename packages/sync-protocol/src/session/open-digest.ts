// The digest that `open` carries: of a vector, fresh for this session, so that nobody can prepare two vectors that look alike.
import { type DatabaseId, hash, type Vector, type Verifier, vectorDigest } from "@selkie/entry";
import type { Greetings } from "../machine/effect.ts";
import { DIGEST_BYTES } from "../message/bounds.ts";

/** H(open-digest, dialler's nonce, listener's nonce, vector digest), 16 bytes (docs/spec/sync.md section 5.1). */
export function openDigest(verifier: Verifier, greetings: Greetings, database: DatabaseId, vector: Vector): Uint8Array {
  const { dialler, listener } = greetings;
  const digest = hash(verifier, "open-digest", dialler.nonce, listener.nonce, vectorDigest(verifier, database, vector));
  return digest.subarray(0, DIGEST_BYTES);
}
