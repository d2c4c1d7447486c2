// Key handles. A handle shows no key bytes, belongs to the provider that made it, and can be disposed: then the bytes this package
// holds are overwritten and every later use is refused.
//
// What JavaScript cannot promise: copies made by the garbage collector, by the platform's own key objects, or by the caller before
// the import may outlive the handle.
import { CryptoError } from "./errors.ts";

/** Names the kind of key on its handle, so that one kind cannot be passed for another. */
const keyKind: unique symbol = Symbol("selkie key kind");

/** What every key handle has. */
export interface KeyHandle<Kind extends string> extends Disposable {
  readonly [keyKind]: Kind;
}

/** An imported 32-byte secret: the key of HMAC and of HKDF-Expand. */
export type SecretKey = KeyHandle<"secret">;

/** An AES-256-GCM key; only {@link CryptoProvider.deriveAead} makes one. */
export type AeadKey = KeyHandle<"aead">;

/** An Ed25519 signing key. */
export interface SigningKey extends KeyHandle<"signing"> {
  /** 32 bytes, RFC 8032 section 5.1.5. */
  readonly publicKey: Uint8Array;
}

/** An X-Wing key. */
export interface KemKey extends KeyHandle<"kem"> {
  /** 1,216 bytes: ML-KEM-768 encapsulation key, X25519 public key. */
  readonly publicKey: Uint8Array;
}

/** Where one provider keeps one kind of key: only the vault that holds a key can reveal it. */
export interface Vault<Kind extends string, Material> {
  hold(material: Material): KeyHandle<Kind>;
  holdPair(material: Material, publicKey: Uint8Array): KeyHandle<Kind> & { readonly publicKey: Uint8Array };
  /** @throws CryptoError `FOREIGN_KEY` for another provider's handle, `KEY_DISPOSED` after disposal */
  reveal(handle: KeyHandle<Kind>): Material;
}

/** Makes a vault; `wipe` overwrites what it can of a disposed key. */
export function keyVault<Kind extends string, Material>(
  kind: Kind,
  wipe: (material: Material) => void,
): Vault<Kind, Material> {
  // A class per vault: its private field is the proof that this vault made the handle, checked by the engine itself.
  class Handle implements KeyHandle<Kind> {
    readonly [keyKind]: Kind = kind;
    #material: Material | null;

    constructor(material: Material) {
      this.#material = material;
    }

    static reveal(handle: KeyHandle<Kind>): Material {
      if (!(#material in handle)) throw new CryptoError("FOREIGN_KEY", `this ${kind} key belongs to another provider`);
      const material = handle.#material;
      if (material === null) throw new CryptoError("KEY_DISPOSED", `this ${kind} key was disposed`);
      return material;
    }

    [Symbol.dispose](): void {
      if (this.#material !== null) wipe(this.#material);
      this.#material = null;
    }
  }

  return {
    hold: (material) => new Handle(material),
    holdPair: (material, publicKey) => Object.assign(new Handle(material), { publicKey }),
    reveal: Handle.reveal,
  };
}
