import { ViewError } from "../errors.ts";
import { markOf } from "../query/standing.ts";
import type { OpenSearch } from "./declare-search.ts";
import type { AskedTerm } from "./find-postings.ts";
import type { SearchPlan } from "./plan-declaration.ts";
import { planWords } from "./plan-words.ts";
import type { SearchOptions } from "./search-options.ts";

/** What is looked for, as it is worked with. */
export interface PlannedSearch {
  /** What is declared of what is searched. */
  readonly declared: SearchPlan;
  readonly asked: readonly AskedTerm[];
  /** Of each field what its terms weigh, by its number; null for one that is not looked at. */
  readonly boosts: readonly (number | null)[];
  readonly combine: "and" | "or";
  /** Tells keys of its rows from those of other searches. */
  readonly mark: number;
}

/** @throws ViewError SEARCH_INVALID | QUERY_INVALID | QUERY_TOO_COSTLY */
export function planAsked(searches: readonly OpenSearch[], text: string, options: SearchOptions): PlannedSearch {
  const declared = declaredOf(searches);
  const { fields: names = declared.fields.map(({ name }) => name), combine = "or" } = options;
  if (combine !== "and" && combine !== "or")
    throw new ViewError("QUERY_INVALID", "words are combined by and, or by or");
  for (const name of names)
    if (!declared.fields.some((field) => field.name === name))
      throw new ViewError("QUERY_INVALID", "there is no such field in this search");
  const boosts = declared.fields.map(({ name, boost }) => (names.includes(name) ? boost : null));
  const asked = planWords(text, options, declared.tokenizer);
  const mark = markOf([asked.map(({ term, isPrefix, distance }) => [term, isPrefix, distance]), boosts, combine]);
  return { declared, asked, boosts, combine, mark };
}

/** What is declared of all of them. @throws ViewError SEARCH_INVALID */
function declaredOf(searches: readonly OpenSearch[]): SearchPlan {
  const [first, ...others] = searches.map(({ plan }) => plan);
  if (first === undefined || others.some(({ definition }) => definition !== first.definition))
    throw new ViewError("SEARCH_INVALID", "databases that are searched together are declared alike");
  return first;
}
