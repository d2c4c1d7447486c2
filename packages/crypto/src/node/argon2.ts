// Argon2id through node:crypto, on libuv's thread pool.
import crypto from "node:crypto";
import type { Argon2Parameters } from "../argon2-parameters.ts";
import { asBytes } from "./bytes.ts";

/** How a provider turns a password into 32 bytes, once the parameters are checked. */
export type Argon2id = (password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters) => Promise<Uint8Array>;

/** Native Argon2id, or `null` before Node 24.7. */
export const nodeArgon2id: Argon2id | null =
  typeof crypto.argon2 !== "function"
    ? null
    : (password, salt, parameters) =>
        new Promise((resolve, reject) => {
          crypto.argon2(
            "argon2id",
            {
              message: password,
              nonce: salt,
              parallelism: parameters.lanes,
              passes: parameters.passes,
              memory: parameters.memory,
              tagLength: 32,
            },
            (error, derived) => (error === null ? resolve(asBytes(derived)) : reject(error)),
          );
        });
