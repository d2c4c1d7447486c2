import { type Expression, parseExpression, printExpression, ViewError } from "@selkie/views";
import fc from "fast-check";
import { expect, it } from "vitest";
import { functions } from "../../src/expression/functions.ts";
import { evaluate } from "./evaluate.ts";

const names = ["a", "b", "list", "or", "äö", "with `ticks`", "", "a.b", "__proto__"];
const step = fc.oneof(fc.constantFrom(...names), fc.nat(3));
const field = fc
  .tuple(fc.constantFrom(...names), fc.array(step, { maxLength: 2 }))
  .map(([first, rest]): Expression => ["field", first, ...rest]);
const literal = fc.oneof(
  fc.constantFrom<Expression>(
    null,
    true,
    false,
    "",
    "UTC",
    "Europe/Berlin",
    "*a?",
    "2024-02-29",
    "2024-02-29T12:00:00+01:00",
  ),
  fc.string({ unit: "binary" }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number || 0),
  fc.integer(),
);
const { expression } = fc.letrec<{ expression: Expression; call: Expression }>((tie) => ({
  expression: fc.oneof({ maxDepth: 6 }, field, literal, tie("call")),
  call: fc.constantFrom(...functions).chain(([name, { arity, refuse }]) => {
    const [least, most] = arity;
    const args = fc.array(tie("expression"), { minLength: least, maxLength: Math.min(most, least + 2) });
    return args.map((some): Expression => [name, ...(refuse?.(some) ? some.slice(0, 1) : some)]);
  }),
}));

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    literal,
    fc.constantFrom<unknown>(new Date(0), new Date(Number.NaN), new Uint8Array([1, 2]), 2n ** 70n, Number.NaN, -0),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "list", "x"), tie("value"), { maxKeys: 3 }),
  ),
})).value;
const data = fc.dictionary(fc.constantFrom("a", "b", "list", "or", "äö"), value);

it("the text form of any expression is read as that expression", () => {
  fc.assert(
    fc.property(expression, (json) => {
      expect(parseExpression(printExpression(json))).toEqual(json);
    }),
    { numRuns: 2_000 },
  );
});

it("any expression gives the same for any document each time, or takes too many steps", () => {
  const outcome = (json: Expression, document: object): unknown => {
    try {
      return evaluate(json, document);
    } catch (error) {
      if (error instanceof ViewError && error.code === "EXPRESSION_TOO_COSTLY") return error.code;
      throw error;
    }
  };
  fc.assert(
    fc.property(expression, data, (json, document) => {
      const before = structuredClone(document);
      const given = outcome(json, document);
      expect(outcome(json, document)).toEqual(given);
      expect(given).not.toBeUndefined();
      expect(document).toEqual(before);
    }),
    { numRuns: 3_000 },
  );
});

it("any text is read, or refused where it is wrong", () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom("a", " and ", "(", ")", "[", "]", "1", '"x"', "=", "-", ".", ",", "not ", "`"),
      fc.string(),
    ),
  );
  fc.assert(
    fc.property(pieces, (some) => {
      const text = some.join("");
      try {
        expect(parseExpression(printExpression(parseExpression(text)))).toEqual(parseExpression(text));
      } catch (error) {
        if (!(error instanceof ViewError) || error.place === null || !("offset" in error.place)) throw error;
        expect(error.code).toBe("EXPRESSION_INVALID");
        expect(error.place.offset).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 2_000 },
  );
});
