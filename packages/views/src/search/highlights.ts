import type { Origin } from "../expression/scope.ts";
import { valueOrNull } from "../query/plan-query.ts";
import { MOST_TEXT, textOf } from "./field-text.ts";
import type { SearchPlan } from "./plan-declaration.ts";
import type { Ranked } from "./rank.ts";
import type { Highlight } from "./search-options.ts";

/** Places that are named of a text. */
const MOST_RANGES = 1_000;

/** Where the terms that matched stand in the texts of a document. */
export function highlightsOf(
  { fields, tokenizer }: SearchPlan,
  { data, origin }: { readonly data: object; readonly origin: Origin },
  matched: Ranked["matched"],
): Readonly<Record<string, Highlight>> {
  const highlights: [string, Highlight][] = [];
  for (const [field, { name, value }] of fields.entries()) {
    const terms = new Set(Object.keys(matched).filter((term) => matched[term]?.includes(String(field))));
    const text = terms.size === 0 ? null : textOf(valueOrNull(value, data, origin));
    if (text === null || text.length > MOST_TEXT) continue;
    const ranges: (readonly [number, number])[] = [];
    for (const { term, start, end } of tokenizer.words(text)) {
      if (!terms.has(term)) continue;
      ranges.push([start, end]);
      if (ranges.length === MOST_RANGES) break;
    }
    if (ranges.length > 0) highlights.push([name, { text, ranges }]);
  }
  return Object.fromEntries(highlights);
}
