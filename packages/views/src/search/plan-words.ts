import { ViewError } from "../errors.ts";
import type { AskedTerm } from "./find-postings.ts";
import type { SearchOptions } from "./search-options.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Of what is looked for: code units, and different words. */
const LONGEST = 4_096;
const MOST_WORDS = 64;

/** Letters of a word that may be others. */
const MOST_EDITS = 3;

const SOME_EDITS = 0.2;

/** What is looked for, word by word, each once. @throws ViewError QUERY_INVALID | QUERY_TOO_COSTLY */
export function planWords(
  text: string,
  { prefix = false, fuzzy = false }: SearchOptions,
  { terms }: Tokenizer,
): readonly AskedTerm[] {
  if (text.length > LONGEST)
    throw new ViewError("QUERY_TOO_COSTLY", `what is looked for has ${LONGEST} characters at most`);
  const part = fuzzy === true ? SOME_EDITS : fuzzy === false ? 0 : fuzzy;
  if (!(part >= 0 && part < 1)) throw new ViewError("QUERY_INVALID", "`fuzzy` is a part of a word's letters, below 1");
  if (prefix !== "last" && typeof prefix !== "boolean")
    throw new ViewError("QUERY_INVALID", "`prefix` is of all words, of none, or of the last");
  const said = terms(text);
  const last = said.at(-1);
  const words = new Set(said);
  if (words.size > MOST_WORDS) throw new ViewError("QUERY_TOO_COSTLY", `a search is for ${MOST_WORDS} words at most`);
  return Array.from(words, (term) => ({
    term,
    isPrefix: prefix === "last" ? term === last : prefix,
    distance: Math.min(MOST_EDITS, Math.round(term.length * part)),
  }));
}
