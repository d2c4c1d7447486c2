// AES-256-GCM through node:crypto, synchronous.
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";
import { tagBytes } from "../framing.ts";
import { asBytes } from "./bytes.ts";

const algorithm = "aes-256-gcm";
const options = { authTagLength: tagBytes };

/** Ciphertext and tag. */
export function nodeSeal(key: KeyObject, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const out = new Uint8Array(plaintext.length + tagBytes);
  nodeSealInto(out, key, { nonce, aad, plaintext });
  return out;
}

/** Writes ciphertext and tag into `out`, which is exactly 16 bytes longer than the plaintext. */
export function nodeSealInto(
  out: Uint8Array,
  key: KeyObject,
  message: { readonly nonce: Uint8Array; readonly aad: Uint8Array; readonly plaintext: Uint8Array },
): void {
  const cipher = createCipheriv(algorithm, key, message.nonce, options);
  cipher.setAAD(message.aad);
  const ciphertext = cipher.update(message.plaintext);
  out.set(ciphertext);
  free(ciphertext);
  cipher.final();
  out.set(cipher.getAuthTag(), message.plaintext.length);
}

/** Gives memory back that the collector would find late: large messages in a row would leave tens of megabytes. */
function free({ buffer, length }: Buffer<ArrayBuffer>): void {
  if (length >= 16_384 && length === buffer.byteLength) buffer.transfer(0);
}

// What is opened at once and kept by nobody: copying what is short costs less than a view of it.
const tag = new Uint8Array(tagBytes);
const scratch = new Uint8Array(2_048);
/** By length: the front of the scratch. Padding leaves few lengths. */
const fronts: Uint8Array[] = [];

function withoutTag(ciphertext: Uint8Array, length: number): Uint8Array {
  if (ciphertext.length > scratch.length) return ciphertext.subarray(0, length);
  scratch.set(ciphertext);
  fronts[length] ??= scratch.subarray(0, length);
  return fronts[length];
}

/** The plaintext, or `null` for every failure. */
export function nodeOpen(
  key: KeyObject,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | null {
  const length = ciphertext.length - tagBytes;
  if (length < 0) return null;
  const decipher = createDecipheriv(algorithm, key, nonce, options);
  decipher.setAAD(aad);
  for (let i = 0; i < tagBytes; i++) tag[i] = ciphertext[length + i] ?? 0;
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(withoutTag(ciphertext, length));
  try {
    decipher.final();
  } catch {
    // The tag did not match: the unauthenticated bytes are overwritten and the one answer is null.
    plaintext.fill(0);
    return null;
  }
  return asBytes(plaintext);
}
