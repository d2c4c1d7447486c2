// AES-256-GCM through WebCrypto.
import type { Subtle, WebKey } from "./subtle.ts";

/** A 32-byte AES key as a handle; the bytes stay the caller's to wipe. */
export function webAesKey(subtle: Subtle, bytes: Uint8Array): Promise<WebKey> {
  return subtle.importKey("raw", bytes, { name: "AES-GCM" }, false, ["encrypt", "decrypt"]);
}

/** The nonce and the associated data of one message. */
export interface GcmContext {
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

/** Ciphertext and tag. */
export async function webSeal(
  subtle: Subtle,
  key: WebKey,
  context: GcmContext,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return new Uint8Array(await subtle.encrypt(gcm(context), key, plaintext));
}

/** The plaintext, or `null` for every failure. */
export async function webOpen(
  subtle: Subtle,
  key: WebKey,
  context: GcmContext,
  ciphertext: Uint8Array,
): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await subtle.decrypt(gcm(context), key, ciphertext));
  } catch {
    // Too short or a wrong tag: WebCrypto says only "OperationError", and so do we: null.
    return null;
  }
}

function gcm({ nonce, aad }: GcmContext): Parameters<Subtle["encrypt"]>[0] {
  return { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
}
