import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const script = join(import.meta.dirname, "../../../docs/spec/vectors/sync/check.py");
const python = spawnSync("python3", ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0;
if (!python) {
  if (process.env["CI"] === "true") throw new Error("CI needs Python 3.9 for the second implementation");
  console.warn("NOT RUN: the second implementation of docs/spec/sync.md (no python3 found)");
}

test.skipIf(!python)("an implementation that was written from the specification alone agrees on every vector", () => {
  const { status, stdout, stderr } = spawnSync("python3", [script], { encoding: "utf8" });
  expect(`${stdout}${stderr}`).toMatch(/^\d+ cases, 0 failed\n$/);
  expect(status).toBe(0);
});
