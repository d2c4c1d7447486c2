// How the permits of one recipient are found, by the recipient and by whoever it tells its name (docs/spec/part.md section 7).
import type { Salt } from "./ids.ts";
import { labelPrefix } from "./labels.ts";
import { hash, type Verifier } from "./verifier.ts";

/** First bytes of a permit's ciphertext. */
export const RECIPIENT_TAG_BYTES = 16;

/** The name of a recipient: H(recipient, KEM public key), 32 bytes. Who is told it finds all permits for that key, and opens none. */
export function recipientName(verifier: Verifier, kemPublicKey: Uint8Array): Uint8Array {
  return hash(verifier, "recipient", kemPublicKey);
}

/** The tag of a recipient's permits in the entry with this salt, 16 bytes. Without the recipient's name it tells nothing. */
export function recipientTag(verifier: Verifier, recipient: Uint8Array, salt: Salt): Uint8Array {
  const inner = verifier.sha256(padded(innerBlock, recipient), labelPrefix("mac-recipient-tag"), salt);
  return verifier.sha256(padded(outerBlock, recipient), inner).subarray(0, RECIPIENT_TAG_BYTES);
}

// RFC 2104 section 2: a key of 32 bytes, zero-padded to the 64 of a block of SHA-256, with a constant added to each. A revocation asks for
// everybody who is left, and each hash is done before the next is asked for.
const innerBlock = new Uint8Array(64).fill(0x36);
const outerBlock = new Uint8Array(64).fill(0x5c);

function padded(block: Uint8Array, key: Uint8Array): Uint8Array {
  const pad = block[63] ?? 0; // behind the key
  for (let at = 0; at < 32; at++) block[at] = (key[at] ?? 0) ^ pad;
  return block;
}
