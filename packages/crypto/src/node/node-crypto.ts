// The node provider: every hot call does its work at once inside node:crypto, which is several times faster there than WebCrypto for
// small inputs, and returns a promise that is already resolved. Handles hold KeyObjects.
import { createPublicKey, createSecretKey, type KeyObject, randomFillSync, sign } from "node:crypto";
import { labelled, parseCiphertext, parseSignature } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { checkArgon2Call } from "../argon2-parameters.ts";
import { requireLength } from "../errors.ts";
import { labelPrefix, nonceBytes, tagBytes, writeNonce } from "../framing.ts";
import { type HpkeParts, hpkeOpen, hpkeSeal, hpkeSealMany } from "../hpke.ts";
import { keyVault } from "../keys.ts";
import { asPlaintext, type Plaintext } from "../plaintext.ts";
import type { CryptoProvider, OpenItem } from "../provider.ts";
import { importXWingKey, type MlKem768, wipeXWingKey, xWingPublicKey } from "../x-wing.ts";
import type { Argon2id } from "./argon2.ts";
import { asBytes } from "./bytes.ts";
import { nodeOpen, nodeSeal, nodeSealInto } from "./gcm.ts";
import { AesKeys, nodeExpand, nodeExpandKey, nodeHmac } from "./hmac.ts";
import { importPrivateKey, nodeXWing, publicBytes } from "./x-wing-parts.ts";

/** The two parts that only newer Nodes have. */
export interface NodeCryptoParts {
  readonly mlKem: MlKem768;
  readonly argon2id: Argon2id;
}

// RFC 8410 section 7.
const ed25519Pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

const nothing = new Uint8Array(0);

const dropKeyObject = (_key: KeyObject): void => undefined;
const secrets = keyVault("secret", dropKeyObject);
const aeadKeys = keyVault("aead", dropKeyObject);
const signingKeys = keyVault("signing", dropKeyObject);
const kemKeys = keyVault("kem", wipeXWingKey);

/** Suite 1 over node:crypto. */
export function nodeCrypto(parts: NodeCryptoParts): CryptoProvider {
  const kem = nodeXWing(parts.mlKem);
  const hpke: HpkeParts = {
    kem,
    hmac: (key, message) => nodeHmac(createSecretKey(key), message, nothing),
    seal: (key, nonce, aad, plaintext) => nodeSeal(createSecretKey(key), nonce, aad, plaintext),
    open: (key, nonce, aad, ciphertext) => nodeOpen(createSecretKey(key), nonce, aad, ciphertext),
  };
  const randomBytes = (length: number): Uint8Array => randomFillSync(new Uint8Array(length));

  return {
    name: "node",
    sha256: nativeVerifier.sha256,
    verifyMany: nativeVerifier.verifyMany,
    randomBytes,

    async importSecret(bytes) {
      requireLength(bytes, 32, "a secret");
      return secrets.hold(createSecretKey(bytes));
    },
    async importSigningKey(seed) {
      requireLength(seed, 32, "a signing seed");
      const key = importPrivateKey(ed25519Pkcs8, seed);
      return signingKeys.holdPair(key, publicBytes(createPublicKey(key)));
    },
    async importKemKey(seed) {
      const key = await importXWingKey(kem, seed);
      return kemKeys.holdPair(key, xWingPublicKey(key));
    },

    async signMany(key, label, payloads) {
      const privateKey = signingKeys.reveal(key);
      return payloads.map((payload) => parseSignature(asBytes(sign(null, labelled(label, payload), privateKey))));
    },
    async macMany(key, label, payloads) {
      const secret = secrets.reveal(key);
      const prefix = labelPrefix(label);
      return payloads.map((payload) => nodeHmac(secret, prefix, payload));
    },
    async derive(key, label, info, length) {
      return nodeExpand(secrets.reveal(key), labelPrefix(label), info, length);
    },
    async deriveAead(key, label, info) {
      return aeadKeys.hold(nodeExpandKey(secrets.reveal(key), labelPrefix(label), info));
    },

    async sealMany(key, items) {
      const secret = aeadKeys.reveal(key);
      // One allocation for the batch: its ciphertexts travel together, and large Uint8Arrays are dear to make.
      let end = 0;
      for (const { plaintext } of items) end += plaintext.length + tagBytes;
      const batch = new ArrayBuffer(end);
      let at = 0;
      const iv = new Uint8Array(nonceBytes);
      return items.map(({ nonce, aad, plaintext }) => {
        const out = new Uint8Array(batch, at, plaintext.length + tagBytes);
        nodeSealInto(out, secret, { nonce: writeNonce(iv, nonce), aad, plaintext });
        at += out.length;
        return parseCiphertext(out);
      });
    },
    async openMany(key, items) {
      return openAll(aeadKeys.reveal(key), items);
    },
    async openBatches(label, batches) {
      using keys = new AesKeys(labelPrefix(label));
      return batches.map(({ secret, info, items }) => openAll(keys.derive(secrets.reveal(secret), info), items));
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
      return parts.argon2id(password, salt, parameters);
    },
  };
}

function openAll(key: KeyObject, items: readonly OpenItem[]): readonly (Plaintext | null)[] {
  const iv = new Uint8Array(nonceBytes);
  return items.map(({ nonce, aad, ciphertext }) => {
    const plaintext = nodeOpen(key, writeNonce(iv, nonce), aad, ciphertext);
    return plaintext === null ? null : asPlaintext(plaintext);
  });
}
