import { createPrivateKey, sign } from "node:crypto";
import { expect, test } from "vitest";
import { ALL_LABELS, labelled, toHex } from "../src/index.ts";
import { labelPrefix } from "../src/labels.ts";
import { nativeVerifier } from "../src/native-node.ts";
import { testWriter } from "./chain.ts";

test("A9 no label is a prefix of another, as text and as bytes", () => {
  for (const a of ALL_LABELS) {
    for (const b of ALL_LABELS) {
      if (a === b) continue;
      expect(b.startsWith(a), `${a} is a prefix of ${b}`).toBe(false);
      expect(toHex(labelPrefix(b)).startsWith(toHex(labelPrefix(a)))).toBe(false);
    }
  }
  expect(new Set(ALL_LABELS).size).toBe(ALL_LABELS.length);
});

test("A9 a label is lower-case words, so that a zero byte always ends it", () => {
  for (const label of ALL_LABELS) expect(label).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

test("A9 the labelled bytes are prefix, label, zero, payload", () => {
  expect(new TextDecoder().decode(labelled("entry", new TextEncoder().encode("x")))).toBe("selkie/1/entry\0x");
});

test("A9 a signature under one label never verifies under another, for all pairs", async () => {
  const writer = testWriter();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), writer.seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const payload = new TextEncoder().encode("the same payload");
  const checks = ALL_LABELS.flatMap((signed) => {
    const signature = sign(null, labelled(signed, payload), key);
    return ALL_LABELS.map((checked) => ({
      isSame: signed === checked,
      check: { publicKey: writer.key, message: labelled(checked, payload), signature },
    }));
  });
  const answers = await nativeVerifier.verifyMany(checks.map(({ check }) => check));
  expect(answers).toEqual(checks.map(({ isSame }) => isSame));
});
