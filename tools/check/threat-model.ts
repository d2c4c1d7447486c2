// docs/threat-model.md: a table of properties, where each that is held links the tests that show it. A test claims a row by
// beginning its title with the row's name ("B1 rejects ..."), and the links follow from the titles.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Finding } from "./finding.ts";
import { readTestTitles, type TestTitle } from "./test-titles.ts";

const page = "docs/threat-model.md";

/** A row of a table: `| A5 | property | held | tests |`; held wholly or partly, and then with tests, or not yet, and then without. */
const row = /^\| ([A-GKPR]-?\d+) \| (.+) \| (held|partly|not yet) \| (.*) \|$/;

export function checkThreatModel(root: string): readonly Finding[] {
  if (!existsSync(join(root, page))) return [{ file: page, problem: "is missing" }];
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const titles = readTestTitles(root);
  const rows = new Set(lines.map((line) => row.exec(line)?.[1] ?? ""));
  return [
    ...lines.flatMap((line, index) =>
      problemsOf(line, titles).map((problem) => ({ file: `${page}:${index + 1}`, problem })),
    ),
    ...titles.flatMap(({ file, title }) =>
      claims(title)
        .filter((id) => !rows.has(id))
        .map((id) => ({ file, problem: `"${title}" claims row ${id}, which ${page} does not have` })),
    ),
  ];
}

/** Writes into each row the links that follow from the titles. */
export function linkThreatModel(root: string): void {
  const titles = readTestTitles(root);
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const linked = lines.map((line) => {
    const [, id = "", property = "", state = ""] = row.exec(line) ?? [];
    return id === "" ? line : `| ${id} | ${property} | ${state} | ${linksOf(id, titles)} |`;
  });
  writeFileSync(join(root, page), linked.join("\n"));
}

function problemsOf(line: string, titles: readonly TestTitle[]): readonly string[] {
  const [, id, , state, tests] = row.exec(line) ?? [];
  if (id === undefined) return [];
  const wanted = linksOf(id, titles);
  if (state !== "not yet" && wanted === "") return [`row ${id} is "${state}", but no test's title begins with ${id}`];
  if (state === "not yet" && wanted !== "") return [`row ${id} is "not yet", but it has tests: is it held, or partly?`];
  return tests === wanted ? [] : [`the links of row ${id} are not those of its tests (pnpm docs:check --write)`];
}

function linksOf(id: string, titles: readonly TestTitle[]): string {
  return titles
    .filter(({ title }) => claims(title).includes(id))
    .map(({ file, title }) => `[${title.replaceAll(/[[\]|\\]/g, "\\$&")}](${posix.relative("docs", file)})`)
    .join("<br>");
}

/** The rows that a title names before its first other word: "B3 K-2 a deletion ..." claims two. */
function claims(title: string): readonly string[] {
  const names: string[] = [];
  for (const word of title.split(/[\s,]+/)) {
    if (!/^([A-G]|K-|P-|R)\d+$/.test(word)) break;
    names.push(word);
  }
  return names;
}
