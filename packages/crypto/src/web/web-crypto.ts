// The web provider, for browsers and workers: WebCrypto for AES-GCM, HMAC and, where they pass their self tests, Ed25519 and X25519;
// noble for ML-KEM and SHA-3; WebAssembly for Argon2id.
import { ed25519 } from "@noble/curves/ed25519.js";
import { labelled, parseCiphertext, parseSignature } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { checkArgon2Call } from "../argon2-parameters.ts";
import { requireLength } from "../errors.ts";
import { encodeNonce } from "../framing.ts";
import { type HpkeParts, hpkeOpen, hpkeSeal, hpkeSealMany } from "../hpke.ts";
import { keyVault } from "../keys.ts";
import { asPlaintext, type Plaintext } from "../plaintext.ts";
import { portableHmac } from "../portable/hmac.ts";
import { portableXWing } from "../portable/x-wing-parts.ts";
import type { CryptoProvider, OpenItem } from "../provider.ts";
import { wasmArgon2id } from "../wasm-argon2.ts";
import { importXWingKey, type RandomSource, wipeXWingKey, xWingPublicKey } from "../x-wing.ts";
import type { WebSigner } from "./ed25519.ts";
import { webAesKey, webOpen, webSeal } from "./gcm.ts";
import { webExpand, webHmac, webHmacKey } from "./hmac.ts";
import { chooseWebParts } from "./self-test.ts";
import type { Subtle, WebKey } from "./subtle.ts";

const dropWebKey = (_key: WebKey): void => {
  // The key lives in the platform's handle only.
};
const secrets = keyVault("secret", dropWebKey);
const aeadKeys = keyVault("aead", dropWebKey);
const signingKeys = keyVault("signing", (signer: WebSigner) => signer.wipe());
const kemKeys = keyVault("kem", wipeXWingKey);

/** Suite 1 over this SubtleCrypto and source of randomness. */
export function webCrypto(subtle: Subtle, random: RandomSource): CryptoProvider {
  let chosen: ReturnType<typeof chooseWebParts> | undefined;
  const parts = (): ReturnType<typeof chooseWebParts> => {
    chosen ??= chooseWebParts(subtle);
    return chosen;
  };
  const hpke = async (): Promise<HpkeParts> => ({
    kem: { ...portableXWing, x25519: (await parts()).x25519 },
    hmac: portableHmac,
    seal: async (key, nonce, aad, plaintext) =>
      webSeal(subtle, await webAesKey(subtle, key), { nonce, aad }, plaintext),
    open: async (key, nonce, aad, ciphertext) =>
      webOpen(subtle, await webAesKey(subtle, key), { nonce, aad }, ciphertext),
  });

  return {
    name: "web",
    sha256: nativeVerifier.sha256,
    verifyMany: nativeVerifier.verifyMany,
    randomBytes: random,

    async importSecret(bytes) {
      requireLength(bytes, 32, "a secret");
      return secrets.hold(await webHmacKey(subtle, bytes));
    },
    async importSigningKey(seed) {
      requireLength(seed, 32, "a signing seed");
      const { signer } = await parts();
      // From noble, because WebCrypto gives a public key only to who may export the private one.
      return signingKeys.holdPair(await signer(seed), ed25519.getPublicKey(seed));
    },
    async importKemKey(seed) {
      const key = await importXWingKey((await hpke()).kem, seed);
      return kemKeys.holdPair(key, xWingPublicKey(key));
    },

    async signMany(key, label, payloads) {
      const signer = signingKeys.reveal(key);
      return Promise.all(payloads.map(async (payload) => parseSignature(await signer.sign(labelled(label, payload)))));
    },
    async macMany(key, label, payloads) {
      const secret = secrets.reveal(key);
      return Promise.all(payloads.map((payload) => webHmac(subtle, secret, labelled(label, payload))));
    },
    async derive(key, label, info, length) {
      return webExpand(subtle, secrets.reveal(key), labelled(label, info), length);
    },
    async deriveAead(key, label, info) {
      return aeadKeys.hold(await expandKey(subtle, secrets.reveal(key), labelled(label, info)));
    },

    async sealMany(key, items) {
      const secret = aeadKeys.reveal(key);
      return Promise.all(
        items.map(async ({ nonce, aad, plaintext }) =>
          parseCiphertext(await webSeal(subtle, secret, { nonce: encodeNonce(nonce), aad }, plaintext)),
        ),
      );
    },
    async openMany(key, items) {
      return openAll(subtle, aeadKeys.reveal(key), items);
    },
    async openBatches(label, batches) {
      return Promise.all(
        batches.map(async ({ secret, info, items }) =>
          openAll(subtle, await expandKey(subtle, secrets.reveal(secret), labelled(label, ...info)), items),
        ),
      );
    },

    async wrap(recipient, info, aad, plaintext) {
      return await hpkeSeal(await hpke(), random, info, { recipient, aad, plaintext });
    },
    async wrapMany(info, items) {
      return await hpkeSealMany(await hpke(), random, info, items);
    },
    async unwrap(key, enc, info, aad, ciphertext) {
      const secret = kemKeys.reveal(key);
      const plaintext = await hpkeOpen(await hpke(), { key: secret, enc }, { info, aad, body: ciphertext });
      return plaintext === null ? null : asPlaintext(plaintext);
    },

    async deriveFromPassword(password, salt, parameters) {
      checkArgon2Call(password, salt, parameters);
      return wasmArgon2id(password, salt, parameters);
    },
  };
}

/** The first block of HKDF-Expand as an AES key: one HMAC. */
async function expandKey(subtle: Subtle, secret: WebKey, info: Uint8Array): Promise<WebKey> {
  const block = await webHmac(subtle, secret, info, Uint8Array.of(1));
  try {
    return await webAesKey(subtle, block);
  } finally {
    block.fill(0);
  }
}

function openAll(subtle: Subtle, key: WebKey, items: readonly OpenItem[]): Promise<readonly (Plaintext | null)[]> {
  return Promise.all(
    items.map(async ({ nonce, aad, ciphertext }) => {
      const plaintext = await webOpen(subtle, key, { nonce: encodeNonce(nonce), aad }, ciphertext);
      return plaintext === null ? null : asPlaintext(plaintext);
    }),
  );
}
