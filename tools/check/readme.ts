// The first screen of every package and app: one sentence, an example, its limits, and why each dependency is there.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "./finding.ts";
import { type CodeBlock, firstParagraph, type Page, parseMarkdown, section } from "./markdown.ts";
import { externalDependencies, type Package } from "./workspace.ts";

const maxExampleLines = 20;

/** The simulation is run, not imported. */
const withoutExample = new Set(["@selkie/sim"]);

export function checkReadme(root: string, pkg: Package): readonly Finding[] {
  const file = `${pkg.directory}/README.md`;
  if (!existsSync(join(root, file))) return [{ file, problem: "is missing" }];
  const page = parseMarkdown(readFileSync(join(root, file), "utf8"));
  return [...problemsOf(page, pkg)].map((problem) => ({ file, problem }));
}

function* problemsOf(page: Page, pkg: Package): Generator<string> {
  if (page.headings[0]?.level !== 1) yield "does not begin with a title";
  const opening = firstParagraph(page);
  if (opening === null) yield "has no sentence after its title";
  else if (!isOneSentence(opening)) yield `its first paragraph is not one sentence: "${opening}"`;
  const limits = section(page, "Limits");
  if (limits === null) yield "has no section `## Limits`";
  else if (limits.length === 0) yield "its section `## Limits` is empty";
  yield* exampleProblems(page, pkg);
  yield* dependencyProblems(page, pkg);
}

/** A full stop, question mark or exclamation mark stands at the end and, followed by a space, nowhere else. */
function isOneSentence(text: string): boolean {
  const words = text.replaceAll(/`[^`]*`/g, "code");
  return /[.!?]$/.test(words) && !/[.!?]\s/.test(words);
}

/** The blocks of a README that are run: TypeScript, and for an app also the commands of a shell. */
export function exampleBlocks(page: Page, kind: Package["kind"]): readonly CodeBlock[] {
  return page.blocks.filter(({ language }) => language === "ts" || (kind === "app" && language === "sh"));
}

function* exampleProblems(page: Page, pkg: Package): Generator<string> {
  const examples = exampleBlocks(page, pkg.kind);
  if (examples.length === 0 && !withoutExample.has(pkg.manifest.name)) yield "has no example";
  for (const { code, line } of examples) {
    const lines = code.split("\n").length;
    if (lines > maxExampleLines)
      yield `the example at line ${line + 1} has ${lines} lines; ${maxExampleLines} is the most`;
  }
}

function* dependencyProblems(page: Page, pkg: Package): Generator<string> {
  const wanted = externalDependencies(pkg.manifest);
  const lines = section(page, "Dependencies") ?? [];
  const given = lines.flatMap((line) => /^[-*|]\s*`([^`]+)`(.*)$/.exec(line.trim())?.slice(1, 3) ?? []);
  const reasonByName = new Map<string, string>();
  for (let index = 0; index < given.length; index += 2) reasonByName.set(given[index] ?? "", given[index + 1] ?? "");
  for (const name of wanted) {
    const reason = reasonByName.get(name);
    if (reason === undefined) yield `\`## Dependencies\` has no line "- \`${name}\`: why"`;
    else if (!/\w{3}/.test(reason)) yield `\`## Dependencies\` gives no reason for ${name}`;
  }
  for (const name of reasonByName.keys()) {
    if (!wanted.includes(name) && !name.startsWith("@selkie/"))
      yield `\`## Dependencies\` names ${name}, which package.json does not`;
  }
}
