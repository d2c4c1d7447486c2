// Argon2id from noble: pure JavaScript, about six times slower than WebAssembly, so the last resort and the oracle.
import { argon2id } from "@noble/hashes/argon2.js";
import type { Argon2Parameters } from "../argon2-parameters.ts";

/** 32 bytes; the caller has checked the parameters. */
export function portableArgon2id(password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters): Uint8Array {
  return argon2id(password, salt, {
    m: parameters.memory,
    t: parameters.passes,
    p: parameters.lanes,
    dkLen: 32,
    // noble's own guard counts its bookkeeping too; our ceiling was checked before.
    maxmem: 2 ** 31 - 1,
  });
}
