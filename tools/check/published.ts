// What npm would receive is what an app can use: each package is packed as for publishing, then publint and are-the-types-wrong
// read the archive, and no file of it that should stay here has slipped in.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Finding } from "./finding.ts";
import { execute } from "./process.ts";
import type { Package } from "./workspace.ts";

/** Checks every package that is not private, `parallel` at a time. */
export async function checkPublished(
  root: string,
  packages: readonly Package[],
  parallel = 2,
): Promise<readonly Finding[]> {
  const waiting = packages.filter(({ manifest }) => manifest.private !== true);
  const findings = new Map<string, readonly Finding[]>();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      findings.set(next.directory, await checkPackage(root, next));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return packages.flatMap(({ directory }) => findings.get(directory) ?? []);
}

async function checkPackage(root: string, pkg: Package): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "selkie-pack-"));
  const found = (problem: string): Finding => ({ file: pkg.directory, problem });
  try {
    const packed = await pack(join(root, pkg.directory), folder);
    const archive = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    if (packed.code !== 0 || archive === undefined) return [found(`pnpm pack failed: ${packed.output.trim()}`)];
    const path = join(folder, archive);
    return [...(await lintArchive(path)), ...(await typesOf(root, pkg, path))].map(found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `pnpm pack`, by the pnpm that runs this script or the pinned one. */
function pack(directory: string, to: string): Promise<{ code: number | null; output: string }> {
  const own = process.env["npm_execpath"];
  const args = ["pack", "--pack-destination", to];
  if (own === undefined || !/pnpm/.test(own)) return execute("npx", ["-y", "pnpm@12.21.0", ...args], directory);
  return /\.[cm]?js$/.test(own) ? execute(process.execPath, [own, ...args], directory) : execute(own, args, directory);
}

async function lintArchive(path: string): Promise<readonly string[]> {
  const bytes = readFileSync(path);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
}

/** Apps have no doors, hence no types to be wrong. */
async function typesOf(root: string, pkg: Package, archive: string): Promise<readonly string[]> {
  if (pkg.manifest.exports === undefined) return [];
  const manifest = fileURLToPath(import.meta.resolve("@arethetypeswrong/cli/package.json"));
  const args = [
    join(dirname(manifest), "dist/index.js"),
    archive,
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    "--no-emoji",
    "--no-color",
  ];
  const { code, output } = await execute(process.execPath, args, root);
  // It ends well on a package that has no types at all, and only says so.
  const right = code === 0 && !output.includes("does not contain types");
  return right ? [] : [`are-the-types-wrong: ${output.trim()}`];
}
