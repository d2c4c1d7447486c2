// The `./native` door under Node: node:crypto, with noble and WebAssembly where this Node's OpenSSL lacks a part.
import { nodeArgon2id } from "./node/argon2.ts";
import { nodeCrypto } from "./node/node-crypto.ts";
import { nodeMlKem } from "./node/x-wing-parts.ts";
import { portableMlKem } from "./portable/x-wing-parts.ts";
import type { CryptoProvider } from "./provider.ts";
import { wasmArgon2id } from "./wasm-argon2.ts";

/** Suite 1 with the platform's own cryptography. */
export const nativeCrypto: CryptoProvider = nodeCrypto({
  mlKem: nodeMlKem ?? portableMlKem,
  argon2id: nodeArgon2id ?? wasmArgon2id,
});
