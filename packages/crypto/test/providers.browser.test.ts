// The suites of all providers in a browser: its WebCrypto against noble.
import { describe, expect, test } from "vitest";
import { commands } from "vitest/browser";
import { nativeCrypto } from "../src/native-web.ts";
import { behaviourSuite } from "./suites/behaviour.ts";
import { equalitySuite } from "./suites/equality.ts";
import { ownVectorSuite } from "./suites/own-vectors.ts";
import { publishedVectorSuite } from "./suites/published.ts";
import { wycheproofSuite } from "./suites/wycheproof.ts";
import { portableUnderTest, type UnderTest, webUnderTest } from "./under-test.ts";

declare module "vitest/browser" {
  interface BrowserCommands {
    readShared(path: string): Promise<string | null>;
  }
}

const nativeUnderTest: UnderTest = { ...webUnderTest, name: "native", provider: nativeCrypto };
const providers = [nativeUnderTest, portableUnderTest];

describe("the native door in a browser", () => {
  test("is the web provider", () => {
    expect(nativeCrypto.name).toBe("web");
  });

  test("gives more randomness than getRandomValues does at once", () => {
    const bytes = nativeCrypto.randomBytes(200_000);
    expect(bytes).toHaveLength(200_000);
    expect(bytes.subarray(199_000).some((byte) => byte !== 0)).toBe(true);
  });
});

behaviourSuite(providers);
publishedVectorSuite(providers);
ownVectorSuite(providers);
equalitySuite(providers);
await wycheproofSuite(providers, (name) => commands.readShared(`vectors/wycheproof/${name}`));
