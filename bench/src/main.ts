import { readBudgets, verdicts } from "./budgets.ts";
import { questions } from "./questions.ts";
import { printAnswer, writeReadme, writeResult } from "./report.ts";
import { type Run, runQuestion } from "./run-question.ts";

const USAGE = `usage: pnpm bench [name ...] [--json] [--check] [--readme]
  --json    print the results as JSON
  --check   exit 1 when a ratio misses its budget (bench/budgets.json)
  --readme  put the table of the committed results into README.md
`;

const args = process.argv.slice(2).filter((arg) => arg !== "--");
const flags = new Set(args.filter((arg) => arg.startsWith("--")));
const names = args.filter((arg) => !arg.startsWith("--"));
const unknown = [
  ...names.filter((name) => !questions.has(name)),
  ...[...flags].filter((flag) => !["--json", "--check", "--readme"].includes(flag)),
];

if (unknown.length > 0) {
  process.stderr.write(`${USAGE}questions: ${[...questions.keys()].join(", ")}\n`);
  process.exitCode = 2;
} else if (flags.has("--readme") && names.length === 0) {
  await writeReadme();
} else {
  await answer(names.length > 0 ? names : [...questions.keys()]);
}

async function answer(wanted: readonly string[]): Promise<void> {
  const budgets = await readBudgets();
  const runs: Run[] = [];
  for (const name of wanted) {
    const run = await runQuestion(name, (text) => process.stderr.write(`   ${name}: ${text}\n`));
    const judged = verdicts(name, run.answer, budgets);
    runs.push(run);
    await writeResult(run);
    if (!flags.has("--json")) printAnswer(run, judged);
    if (flags.has("--check") && judged.some(({ holds }) => !holds)) process.exitCode = 1;
  }
  if (flags.has("--json")) process.stdout.write(`${JSON.stringify(runs, null, 2)}\n`);
  if (flags.has("--readme")) await writeReadme();
}
