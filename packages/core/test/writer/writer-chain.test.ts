import { asPlaintext } from "@selkie/crypto";
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { entryType, limits, runSize, type VerifiedRun, verifyRuns } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { newKeyVersion } from "../../src/keys/key-version.ts";
import type { PartDraft } from "../../src/sealing/seal-entry.ts";
import { commitSealed } from "../../src/tenant/own-chain.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { openChain } from "./open-chain.ts";

const key = await newKeyVersion(crypto, "directory", pattern("key id", 16));

async function newChain() {
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  const report = (error: unknown): void => expect.fail(String(error));
  const at = { store, database: directoryDatabase, type: entryType.statement, directoryKey: key, report };
  const chain = await openChain(crypto, at);
  return { store, chain };
}

const large = (size: number): readonly PartDraft[] => [
  { kind: "statement", key, plaintext: asPlaintext(pattern("large", size)) },
];

test("what one signature may not cover is signed more often: a key for 1,000 users is some 20 entries and more than a MiB", async () => {
  const { store, chain } = await newChain();
  const sealed = await chain.seal(
    Array.from({ length: 20 }, () => large(100_000)),
    [],
    "always",
  );
  expect(sealed.runs.length).toBe(2);
  for (const verdict of await verifyRuns(crypto, sealed.runs)) expect(verdict.type).toBe("verified");
  await commitSealed({ store, tenant: testTenant }, sealed);
  const [head] = (await store.entries(testTenant, directoryDatabase).vector()).values();
  expect(head?.seq).toBe(19);
  // And the chain goes on behind them.
  const next = await chain.seal([large(1_000)], [], "always");
  expect(next.runs[0]?.firstSeq).toBe(20);
});

test("one signature covers as much as the format lets it", async () => {
  const { chain } = await newChain();
  const bytes = (runs: readonly VerifiedRun[]) => runs.map(runSize);
  const small = await chain.seal(
    Array.from({ length: 40 }, () => large(1_000)),
    [],
  );
  expect(small.runs.length).toBe(1);
  const huge = await chain.seal(
    Array.from({ length: 6 }, () => large(700_000)),
    [],
  );
  expect(Math.max(...bytes(huge.runs))).toBeLessThanOrEqual(limits.runBytes);
  expect(huge.runs.flatMap(({ entries }) => entries).length).toBe(6);
  for (const verdict of await verifyRuns(crypto, huge.runs)) expect(verdict.type).toBe("verified");
});
