/**
 * What an index computes of a document, as plain JSON: null, true, a number, a text, or a call, which is a list of a function's name and its
 * arguments. `["=", ["field", "region"], "EMEA"]` is the text form's `region = "EMEA"`.
 */
export type Expression = null | boolean | number | string | Call;

export type Call = readonly [name: string, ...args: Expression[]];

/** What is not larger than this can be checked, printed and compiled. */
export const expressionLimits = {
  /** Characters of the text form, and of all texts in the JSON form together. */
  text: 16_384,
  /** Calls within calls. */
  depth: 64,
  /** Literals and calls. */
  nodes: 1_000,
} as const;

export function isCall(expression: Expression): expression is Call {
  return Array.isArray(expression);
}
