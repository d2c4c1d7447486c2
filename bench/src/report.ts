import { mkdir, readFile, writeFile } from "node:fs/promises";
import { readBudgets, type Verdict, verdicts } from "./budgets.ts";
import type { Answer } from "./question.ts";
import { questions } from "./questions.ts";
import type { Run } from "./run-question.ts";

const RESULTS = new URL("../results/", import.meta.url);
const README = new URL("../../README.md", import.meta.url);
const MARKS = ["<!-- bench:start -->", "<!-- bench:end -->"] as const;

export async function writeResult(run: Run): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL(`${run.question}.json`, RESULTS), `${JSON.stringify(run, null, 2)}\n`);
}

export function printAnswer({ question, answer }: Run, judged: readonly Verdict[]): void {
  process.stdout.write(`\n${question}: ${questions.get(question)?.asks ?? ""}\n`);
  for (const [name, { value, unit }] of Object.entries(answer.figures))
    process.stdout.write(`   ${rounded(value)} ${unit}  ${name}\n`);
  for (const [name, { value }] of Object.entries(answer.ratios)) {
    const verdict = judged.find(({ ratio }) => ratio === name);
    process.stdout.write(
      `   ${rounded(value)}x  ${name}${verdict === undefined ? "" : `  (${target(verdict)}: ${verdict.holds ? "holds" : "MISSED"})`}\n`,
    );
  }
}

/** Puts the committed results between the README's marks, as they are. */
export async function writeReadme(): Promise<void> {
  const { before, after } = await readReadme();
  await writeFile(README, before + (await tableOfResults()) + after);
}

/** The README: its table, with the mark that begins it, and what stands around. */
export async function readReadme(): Promise<{ before: string; table: string; after: string }> {
  const text = await readFile(README, "utf8");
  const [start, end] = [text.indexOf(MARKS[0]), text.indexOf(MARKS[1])];
  if (start < 0 || end < start) throw new RangeError("README.md has no place for the results");
  return { before: text.slice(0, start), table: text.slice(start, end), after: text.slice(end) };
}

/** The committed results against their budgets; a question without a result says so. */
export async function tableOfResults(): Promise<string> {
  const budgets = await readBudgets();
  const rows: string[] = ["| question | ratio | found | target |", "|---|---|---|---|"];
  let measuredOn = "";
  for (const [name, { asks }] of questions) {
    const run = await readResult(name);
    if (run !== null) measuredOn = describe(run);
    const answer = run?.answer ?? { ratios: {}, figures: {} };
    const judged = verdicts(name, answer, budgets);
    for (const { ratio, value, holds, target } of [...judged.map(asRow), ...unjudged(answer, judged)]) {
      const found = run === null ? "not measured yet" : `${rounded(value)}${holds ? "" : " (missed)"}`;
      rows.push(`| \`${name}\`: ${asks} | ${ratio} | ${found} | ${target} |`);
    }
  }
  return `${MARKS[0]}\n${rows.join("\n")}\n\n${measuredOn}. Reproduce with \`pnpm bench\`; raw samples are in \`bench/results/\`.\n`;
}

interface Row {
  readonly ratio: string;
  readonly value: number;
  readonly holds: boolean;
  readonly target: string;
}

const asRow = (verdict: Verdict): Row => ({ ...verdict, target: target(verdict) });

/** What was found beside what has a budget. */
function unjudged({ ratios }: Answer, judged: readonly Verdict[]): readonly Row[] {
  return Object.entries(ratios)
    .filter(([name]) => !judged.some(({ ratio }) => ratio === name))
    .map(([ratio, { value }]) => ({ ratio, value, holds: true, target: "none" }));
}

async function readResult(question: string): Promise<Run | null> {
  try {
    return JSON.parse(await readFile(new URL(`${question}.json`, RESULTS), "utf8")) as Run;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function describe({ machine, date }: Run): string {
  const { node, cores } = machine;
  const automerge = `automerge ${machine["@automerge/automerge"]}, automerge-repo ${machine["@automerge/automerge-repo"]}`;
  return `Node ${node}, ${cores} shared cores, ${automerge}, ${date.slice(0, 10)}`;
}

const target = ({ budget }: Verdict): string =>
  [budget.min === undefined ? "" : `at least ${budget.min}`, budget.max === undefined ? "" : `at most ${budget.max}`]
    .filter(Boolean)
    .join(", ");

function rounded(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
