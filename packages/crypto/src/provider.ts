// Suite 1 as an interface: what the key side may do with keys. Three providers implement it (node, web, portable) and agree byte
// for byte; a caller never sees key bytes again once they are imported.
// @see docs/spec/crypto.md
import type { Ciphertext, DeriveLabel, MacLabel, Signature, SignLabel, Verifier } from "@selkie/entry";
import type { Argon2Parameters } from "./argon2-parameters.ts";
import type { AeadKey, KemKey, SecretKey, SigningKey } from "./keys.ts";
import type { Plaintext } from "./plaintext.ts";

/** One message to seal: the nonce is a whole number, written as 96 bits big endian. */
export interface SealItem {
  /** 0 to 2^53-1; must be used once only under its key. */
  readonly nonce: number;
  readonly aad: Uint8Array;
  readonly plaintext: Plaintext;
}

/** One message to open. */
export interface OpenItem {
  readonly nonce: number;
  readonly aad: Uint8Array;
  readonly ciphertext: Ciphertext;
}

/** Messages under an AES-256-GCM key of their own, which is derived for them: {@link CryptoProvider.deriveAead}. */
export interface OpenBatch {
  readonly secret: SecretKey;
  /** Pieces that are joined. */
  readonly info: readonly Uint8Array[];
  readonly items: readonly OpenItem[];
}

/** A secret wrapped for one recipient: HPKE's two outputs. */
export interface Wrapped {
  /** X-Wing encapsulation, 1,120 bytes. */
  readonly enc: Uint8Array;
  /** AES-256-GCM ciphertext with its tag. */
  readonly ciphertext: Ciphertext;
}

/** A secret to be wrapped for one of several recipients. */
export interface WrapItem {
  /** X-Wing key, 1,216 bytes. */
  readonly recipient: Uint8Array;
  readonly aad: Uint8Array;
  readonly plaintext: Plaintext;
}

/** Suite 1. Providers are stateless: handles hold the keys, and only the provider that made a handle can use it. */
export interface CryptoProvider extends Verifier {
  readonly name: "node" | "web" | "portable";

  /** Unpredictable bytes, from the platform or, in the portable provider, from the injected source. */
  randomBytes(length: number): Uint8Array;

  /** Imports a uniform 32-byte secret for MAC and derivation; the bytes are copied and stay the caller's to wipe. */
  importSecret(bytes: Uint8Array): Promise<SecretKey>;
  /** Imports an Ed25519 signing key from its 32-byte seed (RFC 8032 section 5.1.5). */
  importSigningKey(seed: Uint8Array): Promise<SigningKey>;
  /** Imports an X-Wing key from its 32-byte seed. */
  importKemKey(seed: Uint8Array): Promise<KemKey>;

  /** Ed25519 over `labelled(label, payload)`, one signature per payload, in order. */
  signMany(key: SigningKey, label: SignLabel, payloads: readonly Uint8Array[]): Promise<readonly Signature[]>;
  /** HMAC-SHA-256 over `labelled(label, payload)`: 32 bytes each, in order. */
  macMany(key: SecretKey, label: MacLabel, payloads: readonly Uint8Array[]): Promise<readonly Uint8Array[]>;
  /** HKDF-Expand-SHA-256 (RFC 5869 section 2.3) with info = `labelled(label, info)`; 1 to 8,160 bytes. */
  derive(key: SecretKey, label: DeriveLabel, info: Uint8Array, length: number): Promise<Uint8Array>;
  /** The same with length 32, straight into an AES-256-GCM key: exactly one HMAC. */
  deriveAead(key: SecretKey, label: DeriveLabel, info: Uint8Array): Promise<AeadKey>;

  /** AES-256-GCM; each ciphertext is 16 bytes longer than its plaintext. Those of one call may share an ArrayBuffer. */
  sealMany(key: AeadKey, items: readonly SealItem[]): Promise<readonly Ciphertext[]>;
  /** Opens each item on its own; `null` is the one answer for every failure. */
  openMany(key: AeadKey, items: readonly OpenItem[]): Promise<readonly (Plaintext | null)[]>;
  /** Derives and opens for many small batches in one call; answers in order. No key outlives the call. */
  openBatches(label: DeriveLabel, batches: readonly OpenBatch[]): Promise<readonly (readonly (Plaintext | null)[])[]>;

  /**
   * HPKE base mode (RFC 9180 section 6.1), X-Wing, HKDF-SHA-256, AES-256-GCM, single shot.
   * @throws CryptoError `BAD_PUBLIC_KEY` when the recipient's key is no X-Wing key or has a small-order X25519 part
   */
  wrap(recipient: Uint8Array, info: Uint8Array, aad: Uint8Array, plaintext: Plaintext): Promise<Wrapped>;
  /** {@link wrap} for each of these, all under one info. */
  wrapMany(info: Uint8Array, items: readonly WrapItem[]): Promise<readonly Wrapped[]>;
  /** Opens what {@link wrap} made; `null` is the one answer for every failure. */
  unwrap(
    key: KemKey,
    enc: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    ciphertext: Ciphertext,
  ): Promise<Plaintext | null>;

  /**
   * Argon2id version 1.3 (RFC 9106), 32 bytes.
   * @param salt 16 to 64 bytes
   * @throws CryptoError `KDF_PARAMETERS` before any work when the parameters are below the floor or above the ceiling
   */
  deriveFromPassword(password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters): Promise<Uint8Array>;
}
