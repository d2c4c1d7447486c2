import { nativeCrypto } from "@selkie/crypto/native";
import { expect, test } from "vitest";
import { portable } from "./support/room.ts";
import { makeVectors } from "./vectors/make.ts";
import { committed, vectorSuite } from "./vectors/suite.ts";

test("the committed vectors are what their generator makes", async () => {
  expect(await makeVectors()).toEqual(committed);
});

for (const crypto of [portable(), nativeCrypto]) vectorSuite(crypto);
