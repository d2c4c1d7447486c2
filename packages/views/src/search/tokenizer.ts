import { ViewError } from "../errors.ts";
import { asciiWords, foldWord } from "./fold.ts";

/** A word of a text: what it is found by, and where it stands, in code units. */
interface Word {
  readonly term: string;
  readonly start: number;
  readonly end: number;
}

/** Takes texts apart. */
export interface Tokenizer {
  /** The terms of its words, in order. */
  terms(text: string): readonly string[];
  words(text: string): Iterable<Word>;
}

/** One class of characters, again and again: it takes as long as the text is. */
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** Scripts that write no spaces between words. */
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * Words are runs of letters and numbers; where a script writes no spaces they are those that `Intl.Segmenter` finds.
 * @param language as in `Intl.Segmenter` @throws ViewError SEARCH_INVALID
 */
export function tokenizer(language: string): Tokenizer {
  const segmenter = newSegmenter(language);
  function* words(text: string): Iterable<Word> {
    for (const { 0: run, index } of text.matchAll(WORD)) {
      if (!SPACELESS.test(run)) yield* wordAt(run, index);
      else
        for (const { segment, index: within, isWordLike } of segmenter.segment(run))
          if (isWordLike !== false) yield* wordAt(segment, index + within);
    }
  }
  return {
    words,
    terms: (text) => {
      const plain = asciiWords(text); // what many are, in half the time
      if (plain !== null) return plain;
      if (SPACELESS.test(text)) return Array.from(words(text), ({ term }) => term);
      return (text.match(WORD) ?? []).map(foldWord).filter((term) => term !== "");
    },
  };
}

function* wordAt(text: string, start: number): Iterable<Word> {
  const term = foldWord(text);
  if (term !== "") yield { term, start, end: start + text.length };
}

/** @throws ViewError SEARCH_INVALID */
function newSegmenter(language: string): Intl.Segmenter {
  try {
    return new Intl.Segmenter([language, "en"], { granularity: "word" }); // not that of the device, where it does not know the language
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ViewError("SEARCH_INVALID", `there is no language ${JSON.stringify(language)}`);
  }
}
