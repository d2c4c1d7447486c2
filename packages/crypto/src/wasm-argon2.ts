// Argon2id in WebAssembly (hash-wasm), loaded when a password is first used; noble where WebAssembly may not run.
import type { Argon2Parameters } from "./argon2-parameters.ts";
import { portableArgon2id } from "./portable/argon2.ts";

declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object } | undefined;

/** 32 bytes; the caller has checked the parameters. */
export async function wasmArgon2id(
  password: Uint8Array,
  salt: Uint8Array,
  parameters: Argon2Parameters,
): Promise<Uint8Array> {
  if (!wasmMayRun()) return portableArgon2id(password, salt, parameters);
  const { argon2id } = await import("hash-wasm");
  return argon2id({
    password,
    salt,
    parallelism: parameters.lanes,
    iterations: parameters.passes,
    memorySize: parameters.memory,
    hashLength: 32,
    outputType: "binary",
  });
}

/** Compiles the smallest module there is: a content security policy without `wasm-unsafe-eval` refuses it. */
function wasmMayRun(): boolean {
  if (typeof WebAssembly === "undefined") return false;
  try {
    return new WebAssembly.Module(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) !== null;
  } catch {
    // Refused by policy: the slower code gives the same bytes.
    return false;
  }
}
