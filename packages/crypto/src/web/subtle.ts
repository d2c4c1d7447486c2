// The part of WebCrypto this package uses, declared here because the package is compiled without the DOM's types.
/** An opaque CryptoKey. */
export interface WebKey {
  readonly type: string;
  readonly extractable: boolean;
}

type KeyUsage = "sign" | "encrypt" | "decrypt" | "deriveBits";

interface GcmParameters {
  readonly name: "AES-GCM";
  readonly iv: Uint8Array;
  readonly additionalData: Uint8Array;
  readonly tagLength: 128;
}

/** SubtleCrypto, as far as it is used. */
export interface Subtle {
  importKey(
    format: "raw" | "pkcs8",
    bytes: Uint8Array,
    algorithm: { readonly name: string; readonly hash?: "SHA-256" },
    extractable: false,
    usages: readonly KeyUsage[],
  ): Promise<WebKey>;
  sign(algorithm: "HMAC" | "Ed25519", key: WebKey, message: Uint8Array): Promise<ArrayBuffer>;
  encrypt(parameters: GcmParameters, key: WebKey, plaintext: Uint8Array): Promise<ArrayBuffer>;
  decrypt(parameters: GcmParameters, key: WebKey, ciphertext: Uint8Array): Promise<ArrayBuffer>;
  deriveBits(
    parameters: { readonly name: "X25519"; readonly public: WebKey },
    key: WebKey,
    length: 256,
  ): Promise<ArrayBuffer>;
}
