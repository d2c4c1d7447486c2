import type { Value } from "../value/value.ts";
import { ANY_NUMBER, type ExpressionFunction, strict } from "./function-table.ts";

/** A number that can be calculated with; null for everything else. */
export function numberOf(value: Value): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "bigint" ? Number(value) : null;
}

/** Null in place of infinities and NaN: what can't be calculated is not there. */
export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** Null when one of them is no number. */
function numbersOf(values: readonly Value[]): readonly number[] | null {
  const numbers: number[] = [];
  for (const value of values) {
    const number = numberOf(value);
    if (number === null) return null;
    numbers.push(number);
  }
  return numbers;
}

export const numberFunctions: Readonly<Record<string, ExpressionFunction>> = {
  "+": numeric(2, ANY_NUMBER, (...numbers) => numbers.reduce((a, b) => a + b)),
  "-": numeric(2, 2, (a, b) => a - b),
  "*": numeric(2, ANY_NUMBER, (...numbers) => numbers.reduce((a, b) => a * b)),
  "/": numeric(2, 2, (a, b) => a / b),
  "%": numeric(2, 2, (a, b) => a % b),
  neg: numeric(1, 1, (a) => -a),
  abs: numeric(1, 1, Math.abs),
  floor: numeric(1, 1, Math.floor),
  ceil: numeric(1, 1, Math.ceil),
  round: numeric(1, 2, (a, digits = 0) => roundTo(a, digits)),
  min: numeric(1, ANY_NUMBER, Math.min),
  max: numeric(1, ANY_NUMBER, Math.max),
  number: strict(1, 1, ([value], budget) => {
    if (typeof value !== "string") return typeof value === "boolean" ? Number(value) : numberOf(value);
    budget.takeText(value.length);
    return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(value) ? finite(Number(value)) : null;
  }),
};

/** A function of numbers alone. */
function numeric(least: number, most: number, apply: (first: number, ...rest: number[]) => number): ExpressionFunction {
  return strict(least, most, (args) => {
    const [first, ...rest] = numbersOf(args) ?? [];
    return first === undefined ? null : finite(apply(first, ...rest));
  });
}

/** Half away from zero, as people round; in decimal, so that 1.005 to two digits is 1.01. */
function roundTo(value: number, digits: number): number {
  const places = Math.min(Math.max(Math.trunc(digits), -15), 15);
  const whole = shifted(Math.abs(value), places);
  return Number.isFinite(whole) ? Math.sign(value) * shifted(Math.round(whole), -places) : value;
}

/** With its decimal point so many places further to the right. */
function shifted(value: number, places: number): number {
  const [digits, exponent = "0"] = String(value).split("e");
  return Number(`${digits}e${Number(exponent) + places}`);
}
