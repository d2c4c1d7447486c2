import { type Kind, kind, kindOf, type Value, valueIn } from "../value/value.ts";
import type { Budget } from "./budget.ts";
import { ANY_NUMBER, type ExpressionFunction, strict } from "./function-table.ts";
import { numberOf } from "./number-functions.ts";
import { matchesPattern } from "./pattern.ts";

/** Characters of a text that an expression may make. */
const MOST_CHARACTERS = 65_536;

/** What a value is as text; null for lists, objects and bytes. Dates as in JSON. */
function textOf(value: Value): string | null {
  const is: Kind = kindOf(value);
  if (is === kind.text) return value as string;
  if (is === kind.date) return Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString();
  return is === kind.number || is === kind.boolean ? String(value) : null;
}

export const textFunctions: Readonly<Record<string, ExpressionFunction>> = {
  "&": strict(2, ANY_NUMBER, (args, budget) => joined(args, "", budget)),
  text: strict(1, 1, ([value]) => textOf(value)),
  lower: ofTexts(1, 1, ([text = ""]) => text.toLowerCase()),
  upper: ofTexts(1, 1, ([text = ""]) => text.toUpperCase()),
  trim: ofTexts(1, 1, ([text = ""]) => text.trim()),
  length: ofTexts(1, 1, ([text = ""]) => [...text].length),
  startsWith: ofTexts(2, 2, ([text = "", start = ""]) => text.startsWith(start)),
  endsWith: ofTexts(2, 2, ([text = "", end = ""]) => text.endsWith(end)),
  like: ofTexts(2, 2, ([text = "", pattern = ""], budget) => matchesPattern(text, pattern, budget)),
  replace: ofTexts(3, 3, ([text = "", what = "", by = ""], budget) => {
    if (what === "") return text;
    const pieces = text.split(what);
    budget.takeText(text.length + pieces.length * by.length);
    return pieces.join(by);
  }),
  substring: strict(2, 3, ([text, from, count], budget) => {
    const [first, most] = [numberOf(from), count === undefined ? Number.POSITIVE_INFINITY : numberOf(count)];
    if (typeof text !== "string" || first === null || most === null) return null;
    budget.takeText(text.length);
    const begin = Math.max(0, Math.trunc(first));
    return [...text].slice(begin, begin + Math.max(0, Math.trunc(most))).join("");
  }),
  split: ofTexts(2, 2, ([text = "", separator = ""], budget) => {
    if (separator === "") return null;
    const pieces = text.split(separator);
    budget.take(pieces.length);
    return pieces;
  }),
  join: strict(2, 2, ([list, separator], budget) => {
    if (!Array.isArray(list) || typeof separator !== "string") return null;
    budget.take(list.length);
    return joined(list, separator, budget);
  }),
};

/** A function of texts alone; null when one of its arguments is none. */
function ofTexts(
  least: number,
  most: number,
  apply: (texts: readonly string[], budget: Budget) => Value,
): ExpressionFunction {
  return strict(least, most, (args, budget) => {
    const texts = args.filter((value) => typeof value === "string");
    if (texts.length < args.length) return null;
    budget.takeText(texts.reduce((sum, { length }) => sum + length, 0));
    return apply(texts, budget);
  });
}

/** Texts one after the other; null for what is too long, before it is made. */
function joined(values: readonly Value[], separator: string, budget: Budget): string | null {
  const texts = values.map((value) => textOf(valueIn(value)) ?? "");
  const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  budget.takeText(length);
  return length > MOST_CHARACTERS + separator.length ? null : texts.join(separator);
}
