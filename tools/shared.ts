// Test data that lies beside the checkout and is too large or not ours to copy into it.
import { existsSync } from "node:fs";
import { join } from "node:path";

const checkout = join(import.meta.dirname, "..");

/**
 * The absolute path of a file of the shared folder (`SELKIE_SHARED`, else `../shared` beside the checkout), or null when it is
 * not there: the caller skips its suite with `test.skipIf`, and the skip is announced here. With `CI=true` it throws instead.
 */
export function sharedFile(path: string): string | null {
  const found = [process.env["SELKIE_SHARED"], join(checkout, "..", "shared")]
    .filter((folder): folder is string => folder !== undefined && folder !== "")
    .map((folder) => join(folder, path))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  if (process.env["CI"] === "true") throw new Error(`CI needs the shared file ${path}, and it was not found`);
  console.warn(`NOT RUN: the suites that read ${path} (not found; set SELKIE_SHARED)`);
  return null;
}
