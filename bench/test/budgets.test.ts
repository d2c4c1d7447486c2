import { expect, test } from "vitest";
import { readBudgets, verdicts } from "../src/budgets.ts";
import { figure } from "../src/measure.ts";
import { questions } from "../src/questions.ts";
import { readReadme, tableOfResults } from "../src/report.ts";

test.each<[string, number | null, boolean]>([
  ["at the least of its budget", 0.5, true],
  ["below the least", 0.4999, false],
  ["at the most", 2, true],
  ["beyond the most", 2.001, false],
  ["that was not found", null, false],
  ["that is no number", Number.NaN, false],
])("a ratio %s holds or misses its budget", (_, value, holds) => {
  const ratios = value === null ? {} : { ratio: figure("ratio", [value]) };
  const [verdict] = verdicts("open", { ratios, figures: {} }, { open: { ratio: { min: 0.5, max: 2 } } });
  expect(verdict?.holds).toBe(holds);
});

test("every budget says what is to be met, for a question that is asked", async () => {
  for (const [question, budgets] of Object.entries(await readBudgets())) {
    expect(questions.has(question)).toBe(true);
    for (const { min, max } of Object.values(budgets)) expect(min ?? max).toBeTypeOf("number");
  }
});

test("the README shows the committed results as they are (pnpm bench --readme)", async () => {
  expect((await readReadme()).table).toBe(await tableOfResults());
});
