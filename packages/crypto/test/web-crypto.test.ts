// What the web provider does on platforms whose WebCrypto lacks a part, or answers otherwise than the RFCs.
import { afterEach, describe, expect, test, vi } from "vitest";
import { asPlaintext, type CryptoProvider } from "../src/index.ts";
import type { Subtle } from "../src/web/subtle.ts";
import { webCrypto } from "../src/web/web-crypto.ts";
import { platformSubtle, portableUnderTest, randomBytes } from "./under-test.ts";

const seed = new Uint8Array(32).fill(5);
const none = new Uint8Array(0);
const message = asPlaintext(Uint8Array.of(1, 2, 3));

/** This platform's SubtleCrypto with some methods replaced, and a count of all calls. */
function platformWith(replaced: Partial<Subtle>): { readonly subtle: Subtle; readonly calls: Map<string, number> } {
  const calls = new Map<string, number>();
  const subtle = new Proxy(platformSubtle, {
    get(target, name: keyof Subtle) {
      return (...input: never[]) => {
        calls.set(name, (calls.get(name) ?? 0) + 1);
        const method: (...input: never[]) => unknown = replaced[name] ?? target[name].bind(target);
        return method(...input);
      };
    },
  });
  return { subtle, calls };
}

async function expectSameAsPortable(provider: CryptoProvider): Promise<void> {
  const portable = portableUnderTest.provider;
  const [ours, theirs] = [await provider.importSigningKey(seed), await portable.importSigningKey(seed)];
  expect(await provider.signMany(ours, "sign-entry", [none, seed])).toEqual(
    await portable.signMany(theirs, "sign-entry", [none, seed]),
  );
  const kem = await provider.importKemKey(seed);
  const wrapped = await portable.wrap(kem.publicKey, none, none, message);
  expect(await provider.unwrap(kem, wrapped.enc, none, none, wrapped.ciphertext)).toEqual(message);
  for (const key of [ours, kem]) key[Symbol.dispose]();
  await expect(provider.signMany(ours, "sign-entry", [none])).rejects.toMatchObject({ code: "KEY_DISPOSED" });
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe("the web provider signs and agrees as RFC 8032 and RFC 7748 say", () => {
  test("where WebCrypto has Ed25519 and X25519", async () => {
    const { subtle, calls } = platformWith({});
    const provider = webCrypto(subtle, randomBytes);
    await expectSameAsPortable(provider);
    const before = calls.get("sign") ?? 0;
    await provider.signMany(await provider.importSigningKey(seed), "sign-entry", [none]);
    expect(calls.get("sign")).toBe(before + 1);
  });

  test("where WebCrypto lacks both", async () => {
    const { subtle, calls } = platformWith({
      importKey: (format, bytes, algorithm, extractable, usages) =>
        algorithm.name.endsWith("25519")
          ? Promise.reject(new TypeError("unrecognized name"))
          : platformSubtle.importKey(format, bytes, algorithm, extractable, usages),
    });
    await expectSameAsPortable(webCrypto(subtle, randomBytes));
    expect(calls.get("deriveBits")).toBeUndefined();
  });

  test("where WebCrypto adds randomness to signatures", async () => {
    const { subtle } = platformWith({
      sign: async (algorithm, key, bytes) =>
        algorithm === "Ed25519" ? randomBytes(64).buffer : platformSubtle.sign(algorithm, key, bytes),
    });
    await expectSameAsPortable(webCrypto(subtle, randomBytes));
  });

  test("where WebCrypto agrees on something else", async () => {
    const { subtle } = platformWith({ deriveBits: async () => randomBytes(32).buffer });
    await expectSameAsPortable(webCrypto(subtle, randomBytes));
  });
});

test("an AEAD key costs exactly one HMAC and one import", async () => {
  const { subtle, calls } = platformWith({});
  const provider = webCrypto(subtle, randomBytes);
  const secret = await provider.importSecret(seed);
  calls.clear();
  await provider.deriveAead(secret, "derive-entry-key", seed);
  expect(calls).toEqual(
    new Map([
      ["sign", 1],
      ["importKey", 1],
    ]),
  );
});

describe("the native door", () => {
  test("falls back to plain JavaScript on a page that was not served securely", async () => {
    vi.stubGlobal("crypto", { getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto) });
    const { nativeCrypto } = await import("../src/native-web.ts");
    expect(nativeCrypto.name).toBe("portable");
    expect(nativeCrypto.randomBytes(70_000)).toHaveLength(70_000);
  });

  test("refuses to go on without a source of randomness", async () => {
    vi.stubGlobal("crypto", undefined);
    const { nativeCrypto } = await import("../src/native-web.ts");
    expect(() => nativeCrypto.randomBytes(1)).toThrow("no crypto.getRandomValues");
  });
});
