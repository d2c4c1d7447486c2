// The suites of all providers, in Node. The web provider runs on Node's own WebCrypto here, and on Chromium's in
// providers.browser.test.ts.
import { readFileSync } from "node:fs";
import { sharedFile } from "../../../tools/shared.ts";
import { nodeUnderTest, olderNodeUnderTest } from "./node-under-test.ts";
import { behaviourSuite } from "./suites/behaviour.ts";
import { equalitySuite } from "./suites/equality.ts";
import { ownVectorSuite } from "./suites/own-vectors.ts";
import { publishedVectorSuite } from "./suites/published.ts";
import { wycheproofSuite } from "./suites/wycheproof.ts";
import { portableUnderTest, webUnderTest } from "./under-test.ts";

const providers = [nodeUnderTest, olderNodeUnderTest, webUnderTest, portableUnderTest];

behaviourSuite(providers);
publishedVectorSuite(providers);
ownVectorSuite(providers);
equalitySuite(providers);
await wycheproofSuite(providers, async (name) => {
  const file = sharedFile(`vectors/wycheproof/${name}`);
  return file === null ? null : readFileSync(file, "utf8");
});
