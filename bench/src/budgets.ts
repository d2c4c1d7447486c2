import { readFile } from "node:fs/promises";
import type { Answer } from "./question.ts";

/** What a ratio must be at least or at most; `why` where the target is not the one of the first day. */
interface Budget {
  readonly min?: number;
  readonly max?: number;
  readonly why?: string;
}

/** By question, then by ratio. */
export type Budgets = Readonly<Record<string, Readonly<Record<string, Budget>>>>;

export interface Verdict {
  readonly ratio: string;
  readonly value: number;
  readonly budget: Budget;
  readonly holds: boolean;
}

export async function readBudgets(): Promise<Budgets> {
  return JSON.parse(await readFile(new URL("../budgets.json", import.meta.url), "utf8")) as Budgets;
}

/** Every budget of a question against what was found; a ratio that was not found misses its budget. */
export function verdicts(question: string, answer: Answer, budgets: Budgets): readonly Verdict[] {
  return Object.entries(budgets[question] ?? {}).map(([ratio, budget]) => {
    const value = answer.ratios[ratio]?.value ?? Number.NaN;
    const holds =
      value >= (budget.min ?? Number.NEGATIVE_INFINITY) && value <= (budget.max ?? Number.POSITIVE_INFINITY);
    return { ratio, value, budget, holds };
  });
}
