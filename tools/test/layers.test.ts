// The lock on the layers, shown to work: in a copy of the sources, with leaks in files of their own, dependency-cruiser must name the rule
// that each breaks.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { execute } from "../check/process.ts";

const checkout = join(import.meta.dirname, "../..");
const copy = realpathSync(mkdtempSync(join(tmpdir(), "selkie-layers-")));
const configs = [".dependency-cruiser.cjs", "tsconfig.base.json", "tsconfig.test.json", "package.json"];
const folders = ["packages", "apps"].flatMap((kind) =>
  readdirSync(join(checkout, kind))
    .map((name) => `${kind}/${name}`)
    .filter((folder) => existsSync(join(checkout, folder, "package.json"))),
);

/** What installing a dependency does: workspace packages lead into the copy, others to where they are installed. */
function install(folder: string, name: string, target: string): void {
  const path = join(copy, folder, "node_modules", name);
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "dir");
}

/** What somebody adds to the sources, and the rules that must name its first file. */
interface Leak {
  /** Text by file. */
  readonly files: Readonly<Record<string, string>>;
  /** A package that is installed where it does not belong: where, which, and where it is. */
  readonly installed?: readonly [folder: string, name: string, target: string];
  readonly rules: readonly string[];
}

const LEAKS: Readonly<Record<string, Leak>> = {
  "the server importing core": {
    installed: ["packages/server", "@selkie/core", join(copy, "packages/core")],
    files: { "packages/server/src/leak-core.ts": 'export * from "@selkie/core";' },
    rules: ["layer-server", "blind-relay"],
  },
  "the server importing a type of core": {
    installed: ["packages/server", "@selkie/core", join(copy, "packages/core")],
    files: { "packages/server/src/leak-type.ts": 'export type * from "@selkie/core";' },
    rules: ["blind-relay"],
  },
  "the relay importing keybag": {
    installed: ["apps/relay", "@selkie/keybag", join(copy, "packages/keybag")],
    files: { "apps/relay/src/leak-keybag.ts": 'export * from "@selkie/keybag";' },
    rules: ["blind-relay"],
  },
  "the server reaching crypto through another package": {
    installed: ["packages/store", "@selkie/crypto", join(copy, "packages/crypto")],
    files: {
      "packages/server/src/leak-through.ts": 'export * from "../../store/src/leak-crypto.ts";',
      "packages/store/src/leak-crypto.ts": 'export * from "@selkie/crypto";',
    },
    rules: ["blind-relay"],
  },
  "core loading Automerge before a document is opened": {
    files: { "packages/core/src/database/leak-automerge.ts": 'export { dataOf } from "../automerge/document.ts";' },
    rules: ["automerge-late"],
  },
  "the store importing crypto": {
    installed: ["packages/store", "@selkie/crypto", join(copy, "packages/crypto")],
    files: { "packages/store/src/leak-layer.ts": 'export * from "@selkie/crypto";' },
    rules: ["layer-store"],
  },
  "the server importing a cipher": {
    installed: [
      "packages/server",
      "@noble/ciphers",
      realpathSync(join(checkout, "packages/crypto/node_modules/@noble/ciphers")),
    ],
    files: { "packages/server/src/leak-cipher.ts": 'export { gcm } from "@noble/ciphers/aes.js";' },
    rules: ["blind-relay"],
  },
  "entry importing crypto": {
    installed: ["packages/entry", "@selkie/crypto", join(copy, "packages/crypto")],
    files: { "packages/entry/src/leak-crypto.ts": 'export * from "@selkie/crypto";' },
    rules: ["layer-entry"],
  },
  "a cycle, one of types too,": {
    files: {
      "packages/entry/src/leak-back.ts": 'import type { A } from "./leak-forth.ts";\nexport type B = A | 2;',
      "packages/entry/src/leak-forth.ts": 'import type { B } from "./leak-back.ts";\nexport type A = B | 1;',
    },
    rules: ["no-cycles"],
  },
  "an import past a package's door": {
    files: {
      "packages/server/src/leak-door.ts": 'export * from "../../store/src/leak-inside.ts";',
      "packages/store/src/leak-inside.ts": "export const inside = 1;",
    },
    rules: ["one-door"],
  },
  "an import that leads nowhere": {
    files: { "packages/store/src/leak-nowhere.ts": 'export * from "@selkie/gone";' },
    rules: ["no-unresolved"],
  },
  "a node: module below core": {
    files: { "packages/store/src/leak-node.ts": 'export { readFileSync } from "node:fs";' },
    rules: ["platform-free"],
  },
};

interface Verdict {
  /** `rule: from -> to` for each violation. */
  readonly violations: string;
  readonly modules: number;
}

/** Runs the rules over the copy. */
async function cruise(): Promise<Verdict> {
  const main = fileURLToPath(import.meta.resolve("dependency-cruiser"));
  const cruiser = join(dirname(main), "../../bin/dependency-cruiser.mjs");
  const report = join(copy, "report.txt");
  const options = ["--config", ".dependency-cruiser.cjs", "--output-type", "err", "--output-to", report];
  const { output } = await execute(process.execPath, [cruiser, ...options, "packages", "apps"], copy);
  if (!existsSync(report)) throw new Error(`dependency-cruiser did not run: ${output}`);
  const text = readFileSync(report, "utf8");
  rmSync(report);
  const modules = Number(/(\d+) modules/.exec(text)?.[1] ?? Number.NaN);
  const lines = text.split("\n").flatMap((line) => /^\s+error (.*)$/.exec(line)?.[1] ?? []);
  return { violations: lines.join("\n"), modules };
}

let clean: Verdict;
let leaking: Verdict;

beforeAll(async () => {
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
  clean = await cruise();
  for (const { files, installed } of Object.values(LEAKS)) {
    if (installed !== undefined) install(...installed);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(copy, file), `${text}\n`);
  }
  leaking = await cruise();
}, 300_000);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test("the sources as they are keep every rule", () => {
  expect(clean.violations).toBe("");
  expect(clean.modules).toBeGreaterThan(folders.length);
});

test.each(Object.entries(LEAKS))("%s is refused", (_, { files, rules }) => {
  const [file] = Object.keys(files);
  for (const rule of rules) expect(leaking.violations).toContain(`${rule}: ${file}`);
});

test("what is no leak is not refused beside them", () => {
  const leaks = new Set(Object.values(LEAKS).flatMap(({ files }) => Object.keys(files)));
  const named = leaking.violations.split("\n").map((line) => /^\S+: (\S+)/.exec(line)?.[1] ?? line);
  expect(named.filter((file) => !leaks.has(file))).toEqual([]);
});
