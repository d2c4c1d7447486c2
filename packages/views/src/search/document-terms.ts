import { ViewError } from "../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The terms of one field of a document, each once, and how often each stands there. */
export interface FieldTerms {
  readonly terms: readonly string[];
  readonly counts: readonly number[];
}

/** The terms of a document, field by field; null for a field without a text. */
export type DocumentTerms = readonly (FieldTerms | null)[];

/** Different terms of a document, field by field. */
const MOST_TERMS = 50_000;

/** @param texts of its fields @throws ViewError INDEX_ENTRY_INVALID */
export function countTerms(texts: readonly (string | null)[], { terms }: Tokenizer): DocumentTerms {
  const fields = texts.map((text) => (text === null ? null : countedIn(terms(text))));
  const all = fields.reduce((sum, field) => sum + (field?.terms.length ?? 0), 0);
  if (all > MOST_TERMS)
    throw new ViewError("INDEX_ENTRY_INVALID", `a document has ${MOST_TERMS} different words at most`);
  return fields;
}

function countedIn(terms: readonly string[]): FieldTerms {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return { terms: [...counts.keys()], counts: [...counts.values()] };
}
