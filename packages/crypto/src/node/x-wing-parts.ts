// X-Wing's parts through node:crypto. Private keys are imported as PKCS#8 bytes rather than JWK: it costs the same, and bytes can
// be overwritten afterwards where a base64url string cannot.
import crypto, { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { MlKem768, X25519, X25519Key, XWingParts } from "../x-wing.ts";
import { asBytes } from "./bytes.ts";

// The DER that precedes the raw bytes: RFC 8410 section 7 (X25519), RFC 9935 sections 4 and 6 (ML-KEM-768 key, seed).
const x25519Pkcs8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const x25519Spki = Buffer.from("302a300506032b656e032100", "hex");
const mlKemPkcs8 = Buffer.from("3054020100300b060960864801650304040204428040", "hex");
const mlKemSpki = Buffer.from("308204b2300b0609608648016503040402038204a100", "hex");

/** X25519. */
const nodeX25519: X25519 = {
  importKey(scalar) {
    const key = importPrivateKey(x25519Pkcs8, scalar);
    return holdKey(key, createPublicKey(key));
  },
  ephemeral() {
    const { privateKey, publicKey } = crypto.generateKeyPairSync("x25519");
    return holdKey(privateKey, publicKey);
  },
};

/** ML-KEM-768, or `null` before Node 24.7. */
export const nodeMlKem: MlKem768 | null =
  typeof crypto.encapsulate !== "function"
    ? null
    : {
        importKey(seed) {
          const key = importPrivateKey(mlKemPkcs8, seed);
          return {
            publicKey: publicBytes(createPublicKey(key)),
            decapsulate: (ciphertext) => asBytes(crypto.decapsulate(key, ciphertext)),
            wipe: leaveToOpenSsl,
          };
        },
        encapsulate(publicKey) {
          const key = importMlKemPublicKey(publicKey);
          if (key === null) return null;
          const { ciphertext, sharedKey } = crypto.encapsulate(key);
          return { ciphertext: asBytes(ciphertext), sharedSecret: asBytes(sharedKey) };
        },
      };

/** X-Wing over the given ML-KEM-768, everything else from OpenSSL. */
export function nodeXWing(mlKem: MlKem768): XWingParts {
  return {
    mlKem,
    x25519: nodeX25519,
    shake256: (seed, length) => asBytes(createHash("shake256", { outputLength: length }).update(seed).digest()),
    sha3: (message) => asBytes(createHash("sha3-256").update(message).digest()),
  };
}

/** A private key from its DER prefix and raw bytes; the copy made for the import is overwritten. */
export function importPrivateKey(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  const der = Buffer.concat([prefix, raw]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    der.fill(0);
  }
}

/** The raw bytes of a public key. Out through JWK, which is twenty times as cheap as SPKI. */
export function publicBytes(key: KeyObject): Uint8Array {
  // RFC 8037 section 2 calls it `x`; for ML-KEM it is `pub`.
  const { x, pub } = key.export({ format: "jwk" });
  return new Uint8Array(Buffer.from(String(x ?? pub), "base64url"));
}

// As PEM text, the one form that costs Node 24 no exceptions inside: three times as cheap as DER or JWK.
function importPublicKey(prefix: Uint8Array, raw: Uint8Array): KeyObject {
  const base64 = Buffer.concat([prefix, raw]).toString("base64");
  return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`);
}

function importMlKemPublicKey(raw: Uint8Array): KeyObject | null {
  try {
    return importPublicKey(mlKemSpki, raw);
  } catch {
    // OpenSSL makes the modulus check of FIPS 203 section 7.2 when it reads the key: the caller reports BAD_PUBLIC_KEY.
    return null;
  }
}

function holdKey(key: KeyObject, itsPublicKey: KeyObject): X25519Key {
  return {
    publicKey: publicBytes(itsPublicKey),
    agree(publicKey) {
      try {
        const theirs = importPublicKey(x25519Spki, publicKey);
        return asBytes(crypto.diffieHellman({ privateKey: key, publicKey: theirs }));
      } catch {
        // OpenSSL refuses to derive an all-zero output.
        return null;
      }
    },
    wipe: leaveToOpenSsl,
  };
}

function leaveToOpenSsl(): void {
  // Key bytes inside a KeyObject are out of reach; OpenSSL clears them when the object is collected.
}
