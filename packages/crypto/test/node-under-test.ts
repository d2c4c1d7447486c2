// The node provider as this Node runs it, and as a Node runs it whose OpenSSL has neither ML-KEM nor Argon2id.
import { createHmac, createSecretKey, sign } from "node:crypto";
import { nativeCrypto } from "../src/native-node.ts";
import { nodeArgon2id } from "../src/node/argon2.ts";
import { asBytes } from "../src/node/bytes.ts";
import { nodeOpen, nodeSeal } from "../src/node/gcm.ts";
import { nodeExpand } from "../src/node/hmac.ts";
import { nodeCrypto } from "../src/node/node-crypto.ts";
import { importPrivateKey, nodeMlKem, nodeXWing } from "../src/node/x-wing-parts.ts";
import { portableMlKem } from "../src/portable/x-wing-parts.ts";
import { wasmArgon2id } from "../src/wasm-argon2.ts";
import type { Primitives, UnderTest } from "./under-test.ts";

const none = new Uint8Array(0);
const ed25519Pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");

const primitives: Primitives = {
  hmac: async (key, message) => asBytes(createHmac("sha256", createSecretKey(key)).update(message).digest()),
  expand: async (key, info, length) => nodeExpand(createSecretKey(key), none, info, length),
  seal: async (key, ...message) => nodeSeal(createSecretKey(key), ...message),
  open: async (key, ...message) => nodeOpen(createSecretKey(key), ...message),
  sign: async (seed, message) => asBytes(sign(null, message, importPrivateKey(ed25519Pkcs8, seed))),
  argon2id: nodeArgon2id ?? wasmArgon2id,
  kem: nodeXWing(nodeMlKem ?? portableMlKem),
};

export const nodeUnderTest: UnderTest = {
  name: "node",
  provider: nativeCrypto,
  withRandom: () => null,
  drawsFrom: "platform",
  primitives,
};

export const olderNodeUnderTest: UnderTest = {
  name: "node without native ML-KEM and Argon2id",
  provider: nodeCrypto({ mlKem: portableMlKem, argon2id: wasmArgon2id }),
  withRandom: () => null,
  drawsFrom: "platform",
  primitives: { ...primitives, argon2id: wasmArgon2id, kem: nodeXWing(portableMlKem) },
};
