// The portable provider: noble on every platform, with an injected source of randomness. It is the oracle the native providers are
// tested against, the fallback where WebCrypto is missing, and what makes the simulation deterministic.
import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes, labelled, parseCiphertext, parseSignature, portableVerifier } from "@selkie/entry";
import { checkArgon2Call } from "../argon2-parameters.ts";
import { CryptoError, requireLength } from "../errors.ts";
import { encodeNonce, labelPrefix } from "../framing.ts";
import { type HpkeParts, hpkeOpen, hpkeSeal, hpkeSealMany } from "../hpke.ts";
import { keyVault } from "../keys.ts";
import { asPlaintext, type Plaintext } from "../plaintext.ts";
import type { CryptoProvider, OpenItem } from "../provider.ts";
import { importXWingKey, wipeXWingKey, xWingPublicKey } from "../x-wing.ts";
import { portableArgon2id } from "./argon2.ts";
import { portableOpen, portableSeal } from "./gcm.ts";
import { portableExpand, portableHmac } from "./hmac.ts";
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
  hmac: portableHmac,
  seal: portableSeal,
  open: portableOpen,
};

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
      return payloads.map((payload) => portableHmac(secret, prefix, payload));
    },
    async derive(key, label, info, length) {
      return portableExpand(secrets.reveal(key), labelPrefix(label), info, length);
    },
    async deriveAead(key, label, info) {
      return aeadKeys.hold(portableExpand(secrets.reveal(key), labelPrefix(label), info, 32));
    },

    async sealMany(key, items) {
      const secret = aeadKeys.reveal(key);
      return items.map(({ nonce, aad, plaintext }) =>
        parseCiphertext(portableSeal(secret, encodeNonce(nonce), aad, plaintext)),
      );
    },
    async openMany(key, items) {
      return openAll(aeadKeys.reveal(key), items);
    },
    async openBatches(label, batches) {
      const prefix = labelPrefix(label);
      return batches.map(({ secret, info, items }) => {
        const key = portableExpand(secrets.reveal(secret), prefix, concatBytes(...info), 32);
        const opened = openAll(key, items);
        wipeBytes(key);
        return opened;
      });
    },

    async wrap(recipient, info, aad, plaintext) {
      return await hpkeSeal(hpke, randomBytes, info, { recipient, aad, plaintext });
    },
    async wrapMany(info, items) {
      return await hpkeSealMany(hpke, randomBytes, info, items);
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

function openAll(key: Uint8Array, items: readonly OpenItem[]): readonly (Plaintext | null)[] {
  return items.map(({ nonce, aad, ciphertext }) => {
    const plaintext = portableOpen(key, encodeNonce(nonce), aad, ciphertext);
    return plaintext === null ? null : asPlaintext(plaintext);
  });
}
