import { expect, test } from "vitest";
import { makeVectors } from "./vectors/make.ts";
import { committed, vectorSuite } from "./vectors/suite.ts";

test("the committed vectors are what their generator makes", async () => {
  expect(await makeVectors()).toEqual(committed);
});

vectorSuite();
