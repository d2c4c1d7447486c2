/** Operators that stand between their arguments in the text form, by how tightly they bind. */
export const binary: ReadonlyMap<string, number> = new Map([
  ["or", 1],
  ["and", 2],
  ["=", 4],
  ["!=", 4],
  ["<", 4],
  ["<=", 4],
  [">", 4],
  [">=", 4],
  ["in", 4],
  ["&", 5],
  ["+", 6],
  ["-", 6],
  ["*", 7],
  ["/", 7],
  ["%", 7],
]);

/** Where `not` stands among them: it takes a comparison whole. */
export const NOT_BINDS = 3;

/** A minus sign before something binds tighter than any of them. */
export const SIGN_BINDS = 8;

/** Operators of which a chain is one call: `a and b and c`. */
export const chained: ReadonlySet<string> = new Set(["or", "and", "&", "+", "*"]);

/** What is no name of a field, unless it is quoted. */
export const reserved: ReadonlySet<string> = new Set(["or", "and", "not", "in", "true", "false", "null"]);

/** A name that needs no quotes. */
export const NAME: RegExp = /^[\p{L}_$][\p{L}\p{N}_$]*$/u;
