import { ViewError } from "../errors.ts";
import { type PlannedValue, planValue } from "../view/column.ts";
import type { SearchDeclaration, SearchField } from "./declaration.ts";
import { type Tokenizer, tokenizer } from "./tokenizer.ts";

const MOST_FIELDS = 16;

interface PlannedField {
  readonly name: string;
  readonly value: PlannedValue;
  readonly boost: number;
}

type Extract = NonNullable<SearchDeclaration<object>["extract"]>;

/** A declaration as it is worked with. */
export interface SearchPlan {
  readonly name: string;
  readonly fields: readonly PlannedField[];
  readonly tokenizer: Tokenizer;
  readonly extract: Extract | null;
  /** All that the index follows from, as far as that can be said: also what this runtime makes of words. */
  readonly definition: string;
}

/** Of scripts and letters about which versions of Unicode and its dictionaries differ. */
const SAMPLE = "Straße ΟΔΟΣ İstanbul Łódź 東京都に住んでいます 我喜歡看書 ภาษาไทยง่ายมาก ភាសាខ្មែរ ພາສາລາວ";

/** @throws ViewError SEARCH_INVALID | EXPRESSION_INVALID */
export function planSearch<T extends object>(declaration: SearchDeclaration<T>): SearchPlan {
  const { name = "search", fields, language = "en", extract, version = 1 } = declaration;
  if (name === "") throw invalid("a search has a name");
  if (!Number.isSafeInteger(version) || version < 1) throw invalid("a version is a whole number from 1");
  const said: readonly (readonly [string, SearchField])[] = isNames(fields)
    ? fields.map((field) => [field, {}])
    : Object.entries(fields);
  if (said.length === 0 || said.length > MOST_FIELDS) throw invalid(`a search has 1 to ${MOST_FIELDS} fields`);
  if (new Set(said.map(([field]) => field)).size < said.length) throw invalid("two fields have one name");
  const planned = said.map(([field, { value = field, boost = 1 }]): PlannedField => {
    if (!(boost > 0 && boost < Number.POSITIVE_INFINITY)) throw invalid("a boost is a number above 0");
    return { name: field, value: planValue(value), boost };
  });
  const own = tokenizer(language);
  const sources = planned.map((field) => [field.name, field.value.source]);
  return {
    ...{ name, fields: planned, tokenizer: own },
    extract: extract === undefined ? null : (data, extraction) => extract(data as T, extraction),
    definition: JSON.stringify([sources, language, extract === undefined ? 0 : version, own.terms(SAMPLE)]),
  };
}

const isNames = (fields: SearchDeclaration<object>["fields"]): fields is readonly string[] => Array.isArray(fields);

const invalid = (message: string): ViewError => new ViewError("SEARCH_INVALID", message);
