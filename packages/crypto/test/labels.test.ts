import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DERIVE_LABELS, HASH_LABELS, MAC_LABELS, SIGN_LABELS } from "@selkie/entry";
import { expect, test } from "vitest";

const page = readFileSync(join(import.meta.dirname, "../../../docs/spec/crypto.md"), "utf8");

test.each([
  { operation: "hash", labels: HASH_LABELS },
  { operation: "sign", labels: SIGN_LABELS },
  { operation: "MAC", labels: MAC_LABELS },
  { operation: "derive", labels: DERIVE_LABELS },
])("docs/spec/crypto.md lists every $operation label of the registry", ({ operation, labels }) => {
  const row = page.split("\n").find((line) => line.startsWith(`| ${operation} | \``)) ?? "";
  const listed = [...row.matchAll(/`([^`]+)`/g)].map(([, label]) => label);
  expect(listed).toEqual([...labels]);
});
