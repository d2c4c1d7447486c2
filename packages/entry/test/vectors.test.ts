import { expect, test } from "vitest";
import { portableVerifier } from "../src/index.ts";
import { nativeVerifier as nodeVerifier } from "../src/native-node.ts";
import { nativeVerifier as webVerifier } from "../src/native-web.ts";
import { makeVectors } from "./vectors/make.ts";
import { committed, vectorSuite } from "./vectors/suite.ts";

test("the committed vectors are what their generator makes", () => {
  expect(makeVectors()).toEqual(committed);
});

for (const verifier of [portableVerifier, nodeVerifier, webVerifier]) vectorSuite(verifier);
