import { type Call, type Expression, isCall } from "./expression.ts";
import { binary, chained, NAME, NOT_BINDS, reserved, SIGN_BINDS } from "./operators.ts";

/** The text form of an expression: `parseExpression` gives it back. */
export function printExpression(expression: Expression): string {
  return print(expression, 0);
}

/** @param least how tightly the text around it binds: it stands in parentheses where it does not bind tighter */
function print(expression: Expression, least: number): string {
  if (!isCall(expression)) return JSON.stringify(expression);
  const [name, ...args] = expression;
  const binds = bindingOf(expression);
  if (binds !== null) {
    const text = operatorText(name, args, binds);
    return binds > least ? text : `(${text})`;
  }
  if (name === "field") return args.map(stepText).join("");
  const inner = args.map((argument) => print(argument, 0)).join(", ");
  return name === "list" ? `[${inner}]` : `${name}(${inner})`;
}

/** Null for a call that is printed as one. */
function bindingOf([name, ...args]: Call): number | null {
  if (name === "not") return NOT_BINDS;
  if (name === "neg") return typeof args[0] === "number" ? null : SIGN_BINDS;
  return args.length >= 2 ? (binary.get(name) ?? null) : null;
}

function operatorText(name: string, args: readonly Expression[], binds: number): string {
  const [first = null, ...rest] = args;
  if (name === "not") return `not ${print(first, binds)}`;
  if (name === "neg") return `-${print(first, binds)}`;
  // Operators that bind as tightly are read from the left; but a chain in a chain of the same operator is a call of its own.
  const isChain = isCall(first) && first[0] === name && chained.has(name);
  return [print(first, isChain ? binds : binds - 1), ...rest.map((argument) => print(argument, binds))].join(
    ` ${name} `,
  );
}

function stepText(step: Expression, at: number): string {
  if (typeof step === "number") return `[${step}]`;
  const name = String(step);
  const isPlain = NAME.test(name) && (at > 0 || !reserved.has(name));
  return `${at > 0 ? "." : ""}${isPlain ? name : `\`${name.replaceAll("`", "``")}\``}`;
}
