import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CHECKOUT } from "./blindness.ts";

const BLIND = ["@selkie/entry", "@selkie/server", "@selkie/store", "@selkie/store-sqlite", "@selkie/sync-protocol"];
const EXTERNAL = ["better-sqlite3", "cborg", "fastify", "ws", "@noble/curves", "@noble/hashes"];

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function dependenciesOf(manifest: Manifest): readonly string[] {
  return [...Object.keys(manifest.dependencies ?? {}), ...Object.keys(manifest.optionalDependencies ?? {})];
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(CHECKOUT, folder, "package.json"), "utf8"));
}

/** Dependencies outside the blind side, of this manifest and of every Selkie package it names, with the way there. */
function leaksOf(folder: string, read: (folder: string) => Manifest): readonly string[] {
  return dependenciesOf(read(folder)).flatMap((name) => {
    if (EXTERNAL.includes(name)) return [];
    if (!BLIND.includes(name)) return [`${folder} -> ${name}`];
    return leaksOf(name.replace("@selkie/", "packages/"), read).map((leak) => `${folder} -> ${leak}`);
  });
}

describe("the dependencies", () => {
  test.each(["packages/server", "apps/relay"])("of %s stay on the blind side, all the way down", (folder) => {
    expect(leaksOf(folder, manifestOf)).toEqual([]);
  });

  test("are checked through other packages: a leak below the store is found", () => {
    const read = (folder: string): Manifest =>
      folder === "packages/store" ? { dependencies: { "@selkie/crypto": "workspace:*" } } : manifestOf(folder);
    expect(leaksOf("packages/server", read)).toContain("packages/server -> packages/store -> @selkie/crypto");
  });

  test("are checked by name: an unknown external module is found", () => {
    expect(leaksOf("x", () => ({ dependencies: { "@noble/ciphers": "2.4.0" } }))).toEqual(["x -> @noble/ciphers"]);
    expect(leaksOf("x", () => ({ optionalDependencies: { "libsodium-wrappers": "1.0.0" } }))).toHaveLength(1);
  });
});
