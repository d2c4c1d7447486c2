// Rules about files that no linter has: how long they are, what they throw, which tests they name, and that they hold
// nothing of one machine.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Finding } from "./finding.ts";
import { listFiles } from "./workspace.ts";

const maxLines = 500;

/** Text of one machine: its folders and the host its packages came from. */
const machineText = [
  { pattern: /(?<![\w.-])\/(work|root|home\/\w+|Users\/\w+|tmp\/selkie)\//, problem: "names a folder of one machine" },
  {
    pattern: /https?:\/\/(registry\.|[\w.-]*(artifactory|nexus|verdaccio))|^\s*tarball: /i,
    problem: "names a registry",
  },
];

/** Files whose bytes are data. */
const data = /\.(png|jpg|ico|wasm|db|bin|tgz)$/;

export function checkSourceRules(root: string): readonly Finding[] {
  const files = listFiles(root);
  const names = new Set(files.map((file) => basename(file)));
  const brands = brandsIn(root, files);
  return files
    .filter((file) => !data.test(file))
    .flatMap((file) => {
      const lines = readFileSync(join(root, file), "utf8").split("\n");
      return [
        ...lengthProblems(file, lines),
        ...throwProblems(file, lines),
        ...brandProblems(file, lines, brands),
        ...testNameProblems(file, lines, names),
        ...machineProblems(file, lines),
      ];
    });
}

function lengthProblems(file: string, lines: readonly string[]): readonly Finding[] {
  if (!/\.(ts|tsx|mjs|cjs|js)$/.test(file) || lines.length - 1 <= maxLines) return [];
  return [{ file, problem: `has ${lines.length - 1} lines; ${maxLines} is the most: split it by concept` }];
}

function throwProblems(file: string, lines: readonly string[]): readonly Finding[] {
  if (!/^packages\/[^/]+\/src\//.test(file)) return [];
  return matching(file, lines, /\bnew Error\(/, "throws a plain Error: use the package's error class and a code");
}

const library = /^(packages|apps)\/[^/]+\/src\//;

/** Types that only one file may mint: by name, where they are declared. */
function brandsIn(root: string, files: readonly string[]): ReadonlyMap<string, string> {
  const declared = /^export type (\w+) = .*(?:\bBrand<|unique symbol)/gm;
  const brands = new Map<string, string>();
  for (const file of files)
    if (library.test(file))
      for (const [, name = ""] of readFileSync(join(root, file), "utf8").matchAll(declared)) brands.set(name, file);
  return brands;
}

/** A contract hands over what no parser would mint. */
function brandProblems(
  file: string,
  lines: readonly string[],
  brands: ReadonlyMap<string, string>,
): readonly Finding[] {
  if (!library.test(file) || file.includes("/contract/")) return [];
  return [...brands]
    .filter(([, at]) => at !== file)
    .flatMap(([name]) =>
      matching(
        file,
        lines,
        new RegExp(`^(?!import|export).*\\bas ${name}\\b`),
        `mints a ${name}: only its own file may`,
      ),
    );
}

/** What a comment names as its test is there. */
function testNameProblems(file: string, lines: readonly string[], names: ReadonlySet<string>): readonly Finding[] {
  if (!library.test(file)) return [];
  return lines.flatMap((line, index) =>
    [...line.matchAll(/[\w.-]+\.test\.ts/g)]
      .filter(([name]) => !names.has(name))
      .map(([name]) => ({ file: `${file}:${index + 1}`, problem: `names ${name}, which is not there` })),
  );
}

function machineProblems(file: string, lines: readonly string[]): readonly Finding[] {
  return machineText.flatMap(({ pattern, problem }) => matching(file, lines, pattern, problem));
}

function matching(file: string, lines: readonly string[], pattern: RegExp, problem: string): readonly Finding[] {
  return lines.flatMap((line, index) => (pattern.test(line) ? [{ file: `${file}:${index + 1}`, problem }] : []));
}
