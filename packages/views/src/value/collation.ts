import { byCodeUnits, type Compare } from "./order.ts";

/** The order of texts in a language: those that it takes for equal are in the order of their code units. Null when there is no such language. */
export function collation(language: string): Compare<string> | null {
  const collator = newCollator(language);
  if (collator === null) return null;
  const { compare } = collator;
  return (a, b) => (a === b ? 0 : compare(a, b) || byCodeUnits(a, b));
}

function newCollator(language: string): Intl.Collator | null {
  try {
    return new Intl.Collator([language, "en"], { numeric: true }); // not that of the device, where it does not know the language
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
