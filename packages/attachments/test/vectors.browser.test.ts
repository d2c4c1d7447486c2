import { nativeCrypto } from "@selkie/crypto/native";
import { expect, test } from "vitest";
import { portable } from "./support/room.ts";
import { vectorSuite } from "./vectors/suite.ts";

test("this is a browser, and the door leads to its provider", () => {
  expect(nativeCrypto.name).toBe("web");
});

for (const crypto of [portable(), nativeCrypto]) vectorSuite(crypto);
