// The packages and apps of the workspace, and its files, as the checks see them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The fields of a package.json that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One package or app; `directory` is relative to the root, with forward slashes. */
export interface Package {
  readonly directory: string;
  readonly kind: "package" | "app";
  readonly manifest: Manifest;
}

/** Every package and app below `root`, by directory name. */
export function readPackages(root: string): readonly Package[] {
  const folders = [
    { folder: "packages", kind: "package" },
    { folder: "apps", kind: "app" },
  ] as const;
  return folders.flatMap(({ folder, kind }) =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : [])
      .filter((name) => existsSync(join(root, folder, name, "package.json")))
      .map((name) => ({
        directory: `${folder}/${name}`,
        kind,
        manifest: parseManifest(readFileSync(join(root, folder, name, "package.json"), "utf8")),
      })),
  );
}

/** Dependencies on packages outside this workspace, peers included. */
export function externalDependencies(manifest: Manifest): readonly string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).filter(
    (name) => !name.startsWith("@selkie/"),
  );
}

const generated = new Set(["node_modules", "dist", "coverage", ".git", ".turbo", ".vitest-attachments"]);

/** Paths, relative to `root`, of all files that are written by hand, in a fixed order. */
export function listFiles(root: string, folder = ""): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (generated.has(entry.name)) return [];
      return entry.isDirectory() ? listFiles(root, path) : [path];
    });
}

function parseManifest(text: string): Manifest {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("name" in value))
    throw new TypeError("a package.json has no name");
  return value as Manifest;
}
