/**
 * The portable provider: noble on every platform, with an injected source of randomness. It is the oracle the native providers are
 * tested against, the fallback where WebCrypto is missing, and what makes the simulation deterministic.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type DeriveLabel, labelled, parseCiphertext, parseSignature, portableVerifier } from "@selkie/entry";
import { checkArgon2Call } from "../argon2-parameters.ts";
import { CryptoError, requireLength } from "../errors.ts";
import { encodeNonce, expandBlocks, hashBytes, labelPrefix } from "../framing.ts";
import { type HpkeParts, hpkeOpen, hpkeSeal } from "../hpke.ts";
import { keyVault } from "../keys.ts";
import { asPlaintext } from "../plaintext.ts";
import type { CryptoProvider } from "../provider.ts";
import { importXWingKey, wipeXWingKey, xWingPublicKey } from "../x-wing.ts";
import { portableArgon2id } from "./argon2.ts";
import { portableOpen, portableSeal } from "./gcm.ts";
import { portableXWing } from "./x-wing-parts.ts";

/** What the portable provider cannot make itself. */
export interface PortableCryptoOptions {
  /** Returns `length` fresh unpredictable bytes; a seeded generator makes every output of the provider reproducible. */
  readonly random: (length: number) => Uint8Array;
}

const wipeBytes = (bytes: Uint8Array): void => void bytes.fill(0);
const secrets = keyVault("secret", wipeBytes);
const aeadKeys = keyVault("aead", wipeBytes);
const signingKeys = keyVault("signing", wipeBytes);
const kemKeys = keyVault("kem", wipeXWingKey);

const hpke: HpkeParts = {
  kem: portableXWing,
  hmac: (key, message) => hmac(sha256, key, message),
  seal: portableSeal,
  open: portableOpen,
};

/** HKDF-Expand (RFC 5869 section 2.3): T(i) = HMAC(PRK, T(i-1) || info || i). */
function expand(key: Uint8Array, label: DeriveLabel, info: Uint8Array, length: number): Uint8Array {
  const blocks = expandBlocks(length);
  const output = new Uint8Array(blocks * hashBytes);
  for (let i = 0; i < blocks; i++) {
    const block = hmac.create(sha256, key);
    if (i > 0) block.update(output.subarray((i - 1) * hashBytes, i * hashBytes));
    block
      .update(labelPrefix(label))
      .update(info)
      .update(Uint8Array.of(i + 1));
    output.set(block.digest(), i * hashBytes);
  }
  if (output.length === length) return output;
  const cut = output.slice(0, length);
  output.fill(0);
  return cut;
}

/** Suite 1 from noble alone. */
export function portableCrypto(options: PortableCryptoOptions): CryptoProvider {
  const randomBytes = (length: number): Uint8Array => {
    const bytes = options.random(length);
    if (bytes.length !== length)
      throw new CryptoError("RANDOM_SOURCE", `asked for ${length} bytes, got ${bytes.length}`);
    return bytes.slice();
  };

  return {
    name: "portable",
    sha256: portableVerifier.sha256,
    verifyMany: portableVerifier.verifyMany,
    randomBytes,

    async importSecret(bytes) {
      requireLength(bytes, 32, "a secret");
      return secrets.hold(bytes.slice());
    },
    async importSigningKey(seed) {
      requireLength(seed, 32, "a signing seed");
      return signingKeys.holdPair(seed.slice(), ed25519.getPublicKey(seed));
    },
    async importKemKey(seed) {
      const key = await importXWingKey(portableXWing, seed);
      return kemKeys.holdPair(key, xWingPublicKey(key));
    },

    async signMany(key, label, payloads) {
      const seed = signingKeys.reveal(key);
      return payloads.map((payload) => parseSignature(ed25519.sign(labelled(label, payload), seed)));
    },
    async macMany(key, label, payloads) {
      const secret = secrets.reveal(key);
      const prefix = labelPrefix(label);
      return payloads.map((payload) => hmac.create(sha256, secret).update(prefix).update(payload).digest());
    },
    async derive(key, label, info, length) {
      return expand(secrets.reveal(key), label, info, length);
    },
    async deriveAead(key, label, info) {
      return aeadKeys.hold(expand(secrets.reveal(key), label, info, 32));
    },

    async sealMany(key, items) {
      const secret = aeadKeys.reveal(key);
      return items.map(({ nonce, aad, plaintext }) =>
        parseCiphertext(portableSeal(secret, encodeNonce(nonce), aad, plaintext)),
      );
    },
    async openMany(key, items) {
      const secret = aeadKeys.reveal(key);
      return items.map(({ nonce, aad, ciphertext }) => {
        const plaintext = portableOpen(secret, encodeNonce(nonce), aad, ciphertext);
        return plaintext === null ? null : asPlaintext(plaintext);
      });
    },

    async wrap(recipient, info, aad, plaintext) {
      const sealed = await hpkeSeal(
        hpke,
        { publicKey: recipient, random: randomBytes },
        { info, aad, body: plaintext },
      );
      return { enc: sealed.enc, ciphertext: parseCiphertext(sealed.ciphertext) };
    },
    async unwrap(key, enc, info, aad, ciphertext) {
      const plaintext = await hpkeOpen(hpke, { key: kemKeys.reveal(key), enc }, { info, aad, body: ciphertext });
      return plaintext === null ? null : asPlaintext(plaintext);
    },

    async deriveFromPassword(password, salt, parameters) {
      checkArgon2Call(password, salt, parameters);
      return portableArgon2id(password, salt, parameters);
    },
  };
}
