// The lock on the layers, shown to work: in a copy of the sources, one leak at a time, dependency-cruiser must name its rule.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { execute } from "../check/process.ts";

const checkout = join(import.meta.dirname, "../..");
const copy = realpathSync(mkdtempSync(join(tmpdir(), "selkie-layers-")));
const configs = [".dependency-cruiser.cjs", "tsconfig.base.json", "tsconfig.test.json", "package.json"];
const folders = ["packages", "apps"].flatMap((kind) =>
  readdirSync(join(checkout, kind))
    .map((name) => `${kind}/${name}`)
    .filter((folder) => existsSync(join(checkout, folder, "package.json"))),
);

/** Files a test adds; they are removed before the next. */
let added: string[] = [];

function add(file: string, text: string): void {
  writeFileSync(join(copy, file), text);
  added.push(file);
}

/** What installing a dependency does: workspace packages lead into the copy, others to where they are installed. */
function install(folder: string, name: string, target: string): void {
  const path = join(copy, folder, "node_modules", name);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}

interface Verdict {
  /** `rule: from -> to` for each violation. */
  readonly violations: string;
  readonly modules: number;
}

/** Runs the rules over the copy. */
async function cruise(): Promise<Verdict> {
  const main = fileURLToPath(import.meta.resolve("dependency-cruiser"));
  const cruiser = join(dirname(main), "../../bin/dependency-cruiser.mjs");
  const args = [cruiser, "--config", ".dependency-cruiser.cjs", "--output-type", "err", "packages", "apps"];
  const { output } = await execute(process.execPath, args, copy);
  const modules = Number(/(\d+) modules/.exec(output)?.[1] ?? Number.NaN);
  if (Number.isNaN(modules)) throw new Error(`dependency-cruiser did not run: ${output}`);
  const lines = output.split("\n").flatMap((line) => /^\s+error (.*)$/.exec(line)?.[1] ?? []);
  return { violations: lines.join("\n"), modules };
}

beforeAll(() => {
  for (const config of configs) cpSync(join(checkout, config), join(copy, config));
  mkdirSync(join(copy, "node_modules"));
  symlinkSync(join(checkout, "node_modules/@types"), join(copy, "node_modules/@types"), "dir");
  for (const folder of folders) {
    for (const part of ["src", "package.json", "tsconfig.json"]) {
      cpSync(join(checkout, folder, part), join(copy, folder, part), { recursive: true });
    }
    const modules = join(checkout, folder, "node_modules");
    for (const name of existsSync(modules) ? readdirSync(modules) : []) {
      if (name === "@selkie") {
        for (const sibling of readdirSync(join(modules, name))) {
          const home = folders.find((other) => other.endsWith(`/${sibling}`)) ?? "";
          install(folder, `@selkie/${sibling}`, join(copy, home));
        }
      } else if (!name.startsWith(".")) install(folder, name, realpathSync(join(modules, name)));
    }
  }
});
beforeEach(() => {
  for (const file of added) rmSync(join(copy, file));
  added = [];
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("the sources as they are keep every rule", async () => {
  const { violations, modules } = await cruise();
  expect(violations).toBe("");
  expect(modules).toBeGreaterThan(folders.length);
});

test("the server importing core is refused", async () => {
  install("packages/server", "@selkie/core", join(copy, "packages/core"));
  add("packages/server/src/leak.ts", 'export * from "@selkie/core";\n');
  const { violations } = await cruise();
  expect(violations).toContain("layer-server: packages/server/src/leak.ts");
  expect(violations).toContain("blind-relay: packages/server/src/leak.ts");
});

test("the server importing a type of core is refused", async () => {
  install("packages/server", "@selkie/core", join(copy, "packages/core"));
  add("packages/server/src/leak.ts", 'export type * from "@selkie/core";\n');
  expect((await cruise()).violations).toContain("blind-relay: packages/server/src/leak.ts");
});

test("the relay importing keybag is refused", async () => {
  install("apps/relay", "@selkie/keybag", join(copy, "packages/keybag"));
  add("apps/relay/src/leak.ts", 'export * from "@selkie/keybag";\n');
  expect((await cruise()).violations).toContain("blind-relay: apps/relay/src/leak.ts");
});

test("the server reaching crypto through another package is refused", async () => {
  install("packages/store", "@selkie/crypto", join(copy, "packages/crypto"));
  add("packages/store/src/leak.ts", 'export * from "@selkie/crypto";\n');
  add("packages/server/src/leak.ts", 'export * from "../../store/src/leak.ts";\n');
  const { violations } = await cruise();
  expect(violations).toContain("layer-store: packages/store/src/leak.ts");
  expect(violations).toContain("blind-relay: packages/server/src/leak.ts");
});

test("the server importing a cipher is refused", async () => {
  install(
    "packages/server",
    "@noble/ciphers",
    realpathSync(join(checkout, "packages/crypto/node_modules/@noble/ciphers")),
  );
  add("packages/server/src/leak.ts", 'export { gcm } from "@noble/ciphers/aes.js";\n');
  expect((await cruise()).violations).toContain("blind-relay: packages/server/src/leak.ts");
});

test("entry importing crypto is refused", async () => {
  install("packages/entry", "@selkie/crypto", join(copy, "packages/crypto"));
  add("packages/entry/src/leak.ts", 'export * from "@selkie/crypto";\n');
  expect((await cruise()).violations).toContain("layer-entry: packages/entry/src/leak.ts");
});

test("a cycle is refused, one of types too", async () => {
  add("packages/entry/src/leak.ts", 'import type { B } from "./back.ts";\nexport type A = B | 1;\n');
  add("packages/entry/src/back.ts", 'import type { A } from "./leak.ts";\nexport type B = A | 2;\n');
  expect((await cruise()).violations).toContain("no-cycles: packages/entry/src/");
});

test("an import past a package's door is refused", async () => {
  add("packages/store/src/inside.ts", "export const inside = 1;\n");
  add("packages/server/src/leak.ts", 'export * from "../../store/src/inside.ts";\n');
  expect((await cruise()).violations).toContain("one-door: packages/server/src/leak.ts");
});

test("an import that leads nowhere is refused", async () => {
  add("packages/store/src/leak.ts", 'export * from "@selkie/gone";\n');
  expect((await cruise()).violations).toContain("no-unresolved: packages/store/src/leak.ts");
});

test("a node: module below core is refused", async () => {
  add("packages/store/src/leak.ts", 'export { readFileSync } from "node:fs";\n');
  expect((await cruise()).violations).toContain("platform-free: packages/store/src/leak.ts");
});
