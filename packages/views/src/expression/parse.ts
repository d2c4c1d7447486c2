import { ViewError } from "../errors.ts";
import { checkExpression } from "./check.ts";
import { type Call, type Expression, expressionLimits, isCall } from "./expression.ts";
import { binary, chained, NOT_BINDS, reserved, SIGN_BINDS } from "./operators.ts";
import { type Token, tokensOf } from "./tokens.ts";

/**
 * The text form: `region = "EMEA" and (revenue > 100 or lower(name) = "acme")`. A field is its name, `orders[0].city` a field within
 * fields; a name with other characters stands in backticks. Texts are quoted as in JSON.
 * @throws ViewError EXPRESSION_INVALID with the offset of what is wrong
 */
export function parseExpression(text: string): Expression {
  return new Parser(tokensOf(text)).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#binding(0);
    if (this.#next.type !== "end") throw this.#wrong("the expression ends before this");
    return this.#checked(expression, 0);
  }

  get #next(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] ?? { type: "end", offset: 0 };
  }

  /** An expression of operators that bind tighter than `least`. */
  #binding(least: number): Expression {
    if (++this.#depth > expressionLimits.depth) throw this.#wrong(`at most ${expressionLimits.depth} deep`);
    let left = this.#prefixed();
    let chain: Call | null = null;
    for (;;) {
      const operator = this.#operator();
      const binds = operator === null ? undefined : binary.get(operator);
      if (operator === null || binds === undefined || binds <= least) break;
      this.#at++;
      const right = this.#binding(binds);
      const isLonger: boolean = chain?.[0] === operator && chained.has(operator);
      chain = isLonger && chain !== null ? [...chain, right] : [operator, left, right];
      left = chain;
    }
    this.#depth--;
    return left;
  }

  #prefixed(): Expression {
    const { offset } = this.#next;
    if (this.#takeName("not")) return this.#made(["not", this.#binding(NOT_BINDS)], offset);
    if (!this.#takeSign("-")) return this.#primary();
    const operand = this.#binding(SIGN_BINDS);
    return typeof operand === "number" ? -operand : this.#made(["neg", operand], offset);
  }

  #primary(): Expression {
    const token = this.#next;
    this.#at++;
    switch (token.type) {
      case "number":
      case "text":
        return token.value;
      case "name":
        return this.#named(token);
      default:
        this.#at--;
    }
    if (this.#takeSign("(")) {
      const inner = this.#binding(0);
      this.#expect(")");
      return inner;
    }
    if (this.#takeSign("[")) return this.#made(["list", ...this.#listUntil("]")], token.offset);
    throw this.#wrong(
      token.type === "end" ? "something is missing at the end" : "this is no beginning of an expression",
    );
  }

  #named({ value, isQuoted, offset }: Token & { type: "name" }): Expression {
    if (!isQuoted && value === "null") return null;
    if (!isQuoted && (value === "true" || value === "false")) return value === "true";
    if (!isQuoted && reserved.has(value)) throw this.#wrong(`${value} stands between two expressions`, offset);
    if (!isQuoted && this.#takeSign("(")) return this.#made([value, ...this.#listUntil(")")], offset);
    const path: (string | number)[] = [value];
    for (;;) {
      if (this.#takeSign(".")) path.push(this.#take("name", "the name of a field is missing"));
      else if (this.#takeSign("[")) {
        path.push(this.#take("number", "a position in a list is missing"));
        this.#expect("]");
      } else return this.#made(["field", ...path], offset);
    }
  }

  #take(type: "name" | "number", missing: string): string | number {
    const token = this.#next;
    if (token.type !== type) throw this.#wrong(missing);
    this.#at++;
    return token.value;
  }

  #listUntil(end: string): readonly Expression[] {
    const items: Expression[] = [];
    if (this.#takeSign(end)) return items;
    do items.push(this.#binding(0));
    while (this.#takeSign(","));
    this.#expect(end);
    return items;
  }

  /** The operator that is next. */
  #operator(): string | null {
    const token = this.#next;
    if (token.type === "sign") return token.value;
    return token.type === "name" && !token.isQuoted ? token.value : null;
  }

  #takeSign(value: string): boolean {
    const token = this.#next;
    const is = token.type === "sign" && token.value === value;
    if (is) this.#at++;
    return is;
  }

  #takeName(value: string): boolean {
    const token = this.#next;
    const is = token.type === "name" && !token.isQuoted && token.value === value;
    if (is) this.#at++;
    return is;
  }

  #expect(sign: string): void {
    if (!this.#takeSign(sign)) throw this.#wrong(`${sign} is missing`);
  }

  /** The name and the number of arguments are checked where they stand, and those that are no calls. */
  #made(call: Call, offset: number): Call {
    const [name, ...args] = call;
    this.#checked([name, ...args.map((argument) => (isCall(argument) ? null : argument))], offset);
    return call;
  }

  #checked(expression: Expression, offset: number): Expression {
    try {
      return checkExpression(expression);
    } catch (error) {
      throw error instanceof ViewError ? this.#wrong(error.message, offset) : error;
    }
  }

  #wrong(message: string, offset: number = this.#next.offset): ViewError {
    return new ViewError("EXPRESSION_INVALID", message, { offset });
  }
}
