import { ViewError } from "../errors.ts";
import { kind, kindOf, type Value, valueIn } from "../value/value.ts";

/** Code units of all texts of a document. */
export const MOST_TEXT = 1_048_576;

/** Lists within one another. */
const DEEPEST = 8;

/** What can be searched of a value: texts, numbers, and lists of these, a line for each member. Null where there is nothing. */
export function textOf(value: Value, depth = 0): string | null {
  switch (kindOf(value)) {
    case kind.text:
      return value as string;
    case kind.number:
      return String(value);
    case kind.list: {
      if (depth > DEEPEST) return null;
      const texts = (value as readonly unknown[]).map((member) => textOf(valueIn(member), depth + 1));
      return texts.filter((text) => text !== null).join("\n");
    }
    default:
      return null;
  }
}

/** @throws ViewError INDEX_ENTRY_INVALID */
export function checkLength(texts: readonly (string | null)[]): void {
  const length = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
  if (length > MOST_TEXT)
    throw new ViewError("INDEX_ENTRY_INVALID", `the texts of a document have ${MOST_TEXT} characters at most`);
}
