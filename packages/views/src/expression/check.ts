import { ViewError } from "../errors.ts";
import { type Expression, expressionLimits } from "./expression.ts";
import { functions } from "./functions.ts";
import { isPlaceName } from "./places.ts";

/**
 * An expression from somewhere else, for example from a file or a document.
 * @throws ViewError EXPRESSION_INVALID with the way to what is wrong
 */
export function checkExpression(value: unknown): Expression {
  let [nodes, characters] = [0, 0];
  function check(part: unknown, path: readonly number[]): Expression {
    const wrong = (message: string) => new ViewError("EXPRESSION_INVALID", message, { path });
    if (++nodes > expressionLimits.nodes) throw wrong(`an expression has at most ${expressionLimits.nodes} parts`);
    if (path.length > expressionLimits.depth) throw wrong(`calls are at most ${expressionLimits.depth} deep`);
    if (typeof part === "string") characters += part.length;
    if (characters > expressionLimits.text)
      throw wrong(`an expression has at most ${expressionLimits.text} characters`);
    if (part === null || typeof part === "boolean" || typeof part === "string") return part;
    if (typeof part === "number") {
      if (!Number.isFinite(part)) throw wrong("a number of an expression is finite");
      return part;
    }
    if (!Array.isArray(part)) throw wrong("an expression is null, a boolean, a number, a text or a call");
    const [name, ...rest]: unknown[] = part;
    if (typeof name !== "string") throw wrong("a call begins with the name of a function");
    const args = rest.map((argument, at) => check(argument, [...path, at]));
    const [least, most] = arityOf(name, args, wrong);
    if (args.length < least || args.length > most) throw wrong(`${name} takes another number of arguments`);
    const refused = functions.get(name)?.refuse?.(args);
    if (refused) throw new ViewError("EXPRESSION_INVALID", refused.message, { path: [...path, refused.at] });
    return [name, ...args];
  }
  return check(value, []);
}

function arityOf(
  name: string,
  args: readonly Expression[],
  wrong: (message: string) => ViewError,
): readonly [number, number] {
  if (name === "field") {
    if (typeof args[0] !== "string") throw wrong("a field begins with a name");
    if (!args.every(isStep)) throw wrong("a field is named by texts, and by positions from 0 in lists");
    return [1, expressionLimits.depth];
  }
  if (isPlaceName(name)) return [0, 0];
  const known = functions.get(name);
  if (known === undefined) throw wrong(`there is no function ${JSON.stringify(name.slice(0, 40))}`);
  return known.arity;
}

function isStep(step: Expression): boolean {
  return typeof step === "string" || (typeof step === "number" && Number.isInteger(step) && step >= 0);
}
