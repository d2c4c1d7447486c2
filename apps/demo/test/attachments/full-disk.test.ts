import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { newDirectory, PASSWORD } from "../../../../packages/client/test/support/places.ts";
import { blobsIn } from "./company.ts";

const CHILD = fileURLToPath(new URL("./full-disk-child.ts", import.meta.url));
/** Of 512 or 1,024 bytes, as the shell counts: less than a blob of a large file takes. */
const FILE_BLOCKS = 3_000;
const canLimit = process.platform !== "win32";
if (!canLimit) console.warn("NOT RUN: a device whose disk is full (no ulimit)");

test.runIf(canLimit)("a device without room says so, attaches nothing, leaves nothing and goes on", async () => {
  await using directory = await newDirectory();
  const limited = ["-c", `ulimit -f ${FILE_BLOCKS} && exec "$0" "$@"`, process.execPath];
  const args = [...limited, "--conditions=@selkie/source", CHILD, directory.path, PASSWORD];
  const { stdout } = await promisify(execFile)("sh", args);
  expect(JSON.parse(stdout)).toEqual({ code: "STORE_FULL", names: ["small"], isWhole: true });
  expect(blobsIn(directory.path).length).toBe(1);
});
