// The verifier of Node: node:crypto, synchronous inside. Same door, same verdicts as native-web.ts.
import { createHash, createPublicKey, hash, type KeyObject, verify } from "node:crypto";
import { BoundedCache } from "./bounded-cache.ts";
import { isAdmissiblePublicKey, isWellFormedSignature } from "./ed25519-rule.ts";
import type { SignatureCheck, Verifier } from "./verifier.ts";

const keyByBytes = new BoundedCache<{ readonly key: KeyObject | null }>(4_096);

/** SHA-256 and Ed25519 verification by node:crypto: about 0.1 ms a signature. */
export const nativeVerifier: Verifier = {
  name: "node",
  sha256,
  async verifyMany(checks) {
    return checks.map(isValid);
  },
};

// Joining small chunks and hashing in one call is twice as fast as createHash and update; a digest as a string spares node the
// allocation of a backing store, which costs more than hashing 300 bytes.
const scratch = new Uint8Array(16_384);
const digest = Buffer.alloc(32);
const empty = new Uint8Array();
/** By length: the front of the scratch. What is hashed has few lengths, and a view costs as much as hashing some. */
const fronts: Uint8Array[] = [];

function sha256(...chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] ?? empty;
    if (length + chunk.length > scratch.length) return sha256OfMany(chunks);
    scratch.set(chunk, length);
    length += chunk.length;
  }
  digest.write(hash("sha256", frontOf(length), "binary"), "latin1");
  return new Uint8Array(digest);
}

function frontOf(length: number): Uint8Array {
  if (length >= 1024) return scratch.subarray(0, length);
  fronts[length] ??= scratch.subarray(0, length);
  return fronts[length];
}

function sha256OfMany(chunks: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash("sha256");
  for (const chunk of chunks) hasher.update(chunk);
  return new Uint8Array(hasher.digest());
}

function isValid({ publicKey, message, signature }: SignatureCheck): boolean {
  if (!isWellFormedSignature(signature)) return false;
  const bytes = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength);
  const { key } = keyByBytes.get(bytes.toString("latin1"), () => ({ key: importKey(bytes) }));
  return key !== null && verify(null, message, key, signature);
}

function importKey(key: Buffer): KeyObject | null {
  if (!isAdmissiblePublicKey(key)) return null;
  // As JWK (RFC 8037 section 2): importing SPKI takes ten times as long.
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") }, format: "jwk" });
}
