import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, totalmem } from "node:os";

const PEERS = ["@automerge/automerge", "@automerge/automerge-repo", "@evolu/common"];

/** Where and with what the figures were taken. */
export function machine(): Readonly<Record<string, string | number>> {
  const [cpu] = cpus();
  const versions = PEERS.map((name) => [name, versionOf(name)] as const);
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    ...Object.fromEntries(versions),
  };
}

function versionOf(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`${name}/`) + name.length);
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { version: string };
  return version;
}
