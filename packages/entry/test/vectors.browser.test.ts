import { nativeVerifier } from "@selkie/entry/native";
import { expect, test } from "vitest";
import { portableVerifier } from "../src/index.ts";
import { type SubtleVerify, webVerifier } from "../src/web-verifier.ts";
import { testWriter } from "./chain.ts";
import { craft } from "./ed25519-cases.ts";
import { vectorSuite } from "./vectors/suite.ts";

test("this is a browser, and the door leads to its verifier", () => {
  expect(navigator.userAgent).toContain("Chrome");
  expect(nativeVerifier.name).toBe("web");
});

test("A13 the browser's own Ed25519 passes the self-test and is what verifies", async () => {
  let verified = 0;
  const counting: SubtleVerify<CryptoKey> = {
    importKey: (format, key, algorithm, extractable, usages) =>
      crypto.subtle.importKey(format, new Uint8Array(key), algorithm, extractable, usages),
    verify: (algorithm, key, signature, data) => {
      verified += 1;
      return crypto.subtle.verify(algorithm, key, new Uint8Array(signature), new Uint8Array(data));
    },
  };
  const { seed } = testWriter();
  const checks = [0, 3].map((onR) => craft({ seed, message: new Uint8Array(1), onR }));
  expect(await webVerifier(counting).verifyMany(checks)).toEqual([true, false]);
  expect(verified).toBe(3 + 2);
});

for (const verifier of [portableVerifier, nativeVerifier]) vectorSuite(verifier);
