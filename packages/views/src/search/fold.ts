import { withoutHalf } from "../value/sort-value.ts";

/** Code units of a term: what is longer is cut, in texts and in what is asked alike. */
const LONGEST = 64;

/** Code units of a word that are looked at. */
const LOOKED_AT = 4 * LONGEST;

const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /[0-9a-z]+/g;

/** Accents of European scripts, points of Hebrew, vowels of Arabic: what many leave out when they write. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670]/gu;

/** Letters with a stroke, and joined ones, that Unicode does not take apart. */
const PLAIN: Readonly<Record<string, string>> = { ø: "o", ł: "l", đ: "d", ħ: "h", æ: "ae", œ: "oe", ς: "σ" };
const NOT_PLAIN = /[øłđħæœς]/gu;

/** Some characters stand for several words: the spaces between these, and signs. */
const NO_WORD = /[^\p{L}\p{M}\p{N}]+/gu;

/** What a word is found by: without case, accents and forms of letters (Unicode normalization form KC). Empty for a word of accents alone. */
export function foldWord(word: string): string {
  if (ASCII.test(word)) return word.slice(0, LONGEST).toLowerCase();
  const bare = word.slice(0, LOOKED_AT).normalize("NFKD").replace(ACCENTS, "").replace(NO_WORD, "").normalize("NFC");
  const folded = bare.toUpperCase().toLowerCase(); // by way of capitals, as only that makes one of ß and ss
  return withoutHalf(folded.replace(NOT_PLAIN, (letter) => PLAIN[letter] ?? letter).slice(0, LONGEST));
}

/** The words of a text, as they are found; null for one that has other characters than those of ASCII. */
export function asciiWords(text: string): readonly string[] | null {
  if (!ASCII.test(text)) return null;
  return (text.toLowerCase().match(ASCII_WORD) ?? []).map((word) => word.slice(0, LONGEST));
}
