import type { Budget } from "./budget.ts";

/** Characters compared a step. */
const COMPARED_A_STEP = 16;

/**
 * Whether a text is as a pattern says: `*` is any text, `?` any one character, and `\` takes the meaning from the next. Case counts. There is
 * no expression that goes back more than to its last `*`, so it takes at most the product of both lengths, and pays for it.
 */
export function matchesPattern(text: string, pattern: string, budget: Budget): boolean {
  const letters = [...text];
  const tokens = tokensOf(pattern);
  let [at, token, star, resume, compared] = [0, 0, -1, 0, 0];
  while (at < letters.length) {
    if (++compared % COMPARED_A_STEP === 0) budget.take(1);
    const due = tokens[token];
    if (due === ANY_TEXT) {
      [star, resume] = [token++, at];
    } else if (due !== undefined && (due === ANY_LETTER || due === letters[at])) {
      at++;
      token++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++resume;
    } else return false;
  }
  return tokens.slice(token).every((left) => left === ANY_TEXT);
}

const ANY_TEXT = Symbol("any text");
const ANY_LETTER = Symbol("any letter");
type Token = string | typeof ANY_TEXT | typeof ANY_LETTER;

function tokensOf(pattern: string): readonly Token[] {
  const letters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < letters.length; at++) {
    const letter = letters[at] ?? "";
    if (letter === "*") tokens.push(ANY_TEXT);
    else if (letter === "?") tokens.push(ANY_LETTER);
    else tokens.push(letter === "\\" ? (letters[++at] ?? "\\") : letter);
  }
  return tokens;
}
