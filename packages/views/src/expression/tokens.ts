import { ViewError } from "../errors.ts";
import { expressionLimits } from "./expression.ts";

/** A piece of an expression's text. A name in backticks is no keyword. */
export type Token = { readonly offset: number } & (
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "name"; readonly value: string; readonly isQuoted: boolean }
  | { readonly type: "sign"; readonly value: string }
  | { readonly type: "end" }
);

const SPACE = /\s+/uy;
const NUMBER = /\d+(\.\d+)?(e[-+]?\d+)?/iuy;
const TEXT = /"(?:[^"\\]|\\.)*"/uy;
const QUOTED = /`(?:[^`]|``)*`/uy;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const SIGN = /!=|<=|>=|[-+*/%&=<>()[\],.]/uy;

/** @throws ViewError EXPRESSION_INVALID with the offset of what is no part of any expression */
export function tokensOf(text: string): readonly Token[] {
  if (text.length > expressionLimits.text) {
    throw new ViewError("EXPRESSION_INVALID", `a text has at most ${expressionLimits.text} characters`, { offset: 0 });
  }
  const tokens: Token[] = [];
  let offset = matchAt(SPACE, text, 0)?.length ?? 0;
  while (offset < text.length) {
    const [token, length] = tokenAt(text, offset);
    tokens.push(token);
    offset += length;
    offset += matchAt(SPACE, text, offset)?.length ?? 0;
  }
  return [...tokens, { type: "end", offset }];
}

function tokenAt(text: string, offset: number): readonly [Token, number] {
  const number = matchAt(NUMBER, text, offset);
  if (number !== null) return [{ type: "number", value: finiteIn(number, offset), offset }, number.length];
  const quoted = matchAt(TEXT, text, offset);
  if (quoted !== null) return [{ type: "text", value: textIn(quoted, offset), offset }, quoted.length];
  const name = matchAt(QUOTED, text, offset);
  if (name !== null) return [{ type: "name", value: nameIn(name), isQuoted: true, offset }, name.length];
  const word = matchAt(WORD, text, offset);
  if (word !== null) return [{ type: "name", value: word, isQuoted: false, offset }, word.length];
  const sign = matchAt(SIGN, text, offset);
  if (sign !== null) return [{ type: "sign", value: sign, offset }, sign.length];
  throw new ViewError("EXPRESSION_INVALID", "no expression has this character here", { offset });
}

/** A name is quoted in backticks, and a backtick in it is doubled. */
const nameIn = (quoted: string): string => quoted.slice(1, -1).replaceAll("``", "`");

function finiteIn(number: string, offset: number): number {
  const value = Number(number);
  if (Number.isFinite(value)) return value;
  throw new ViewError("EXPRESSION_INVALID", "this number is too large", { offset });
}

/** A text is quoted as in JSON. */
function textIn(quoted: string, offset: number): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    throw new ViewError("EXPRESSION_INVALID", "this text is not quoted as in JSON", { offset });
  }
}

function matchAt(pattern: RegExp, text: string, offset: number): string | null {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? null;
}
