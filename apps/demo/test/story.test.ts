import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** As `pnpm demo` runs it: what was compiled. */
const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

test("the demo tells its story, with each device and the relay in a process of its own, and every claim holds", {
  timeout: 600_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "--once"], { maxBuffer: 10_000_000 });
  expect(stdout).toContain("Every claim held.");
  for (const act of [
    "Carol",
    "phone",
    "revoked",
    "clock",
    "quarantined",
    "report over two tenants",
    "goes on where she was",
    "no more room",
  ])
    expect(stdout).toContain(act);
});
