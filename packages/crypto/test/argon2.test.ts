import { argon2id } from "@noble/hashes/argon2.js";
import { afterEach, expect, test, vi } from "vitest";
import { checkArgon2Parameters, defaultArgon2Parameters } from "../src/index.ts";
import { portableArgon2id } from "../src/portable/argon2.ts";
import { wasmArgon2id } from "../src/wasm-argon2.ts";
import { hex } from "./hex.ts";

const small = { memory: 64, passes: 2, lanes: 1 };
const password = new TextEncoder().encode("correct horse");
const salt = new Uint8Array(16).fill(3);

afterEach(() => {
  vi.unstubAllGlobals();
});

test("RFC 9106 section 5.3: the oracle gives the published tag", () => {
  const tag = argon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
    m: 32,
    t: 3,
    p: 4,
    dkLen: 32,
    key: new Uint8Array(8).fill(3),
    personalization: new Uint8Array(12).fill(4),
  });
  expect(tag).toEqual(hex("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"));
});

test("what new passwords get is allowed", () => {
  expect(() => checkArgon2Parameters(defaultArgon2Parameters)).not.toThrow();
});

test("where WebAssembly may not run, plain JavaScript gives the same bytes", async () => {
  const expected = portableArgon2id(password, salt, small);
  expect(await wasmArgon2id(password, salt, small)).toEqual(expected);
  vi.stubGlobal("WebAssembly", undefined);
  expect(await wasmArgon2id(password, salt, small)).toEqual(expected);
  vi.stubGlobal("WebAssembly", {
    Module: function refusedByPolicy(): never {
      throw new EvalError("refused by the content security policy");
    },
  });
  expect(await wasmArgon2id(password, salt, small)).toEqual(expected);
});
