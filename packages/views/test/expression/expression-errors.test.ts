import { checkExpression, expressionLimits, parseExpression, ViewError, type ViewErrorCode } from "@selkie/views";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

describe("an expression that is wrong", () => {
  it.each([
    ["", 0],
    ["a =", 3],
    ["(a", 2],
    ["a b", 2],
    ["a = 'x'", 4],
    ['a = "x', 4],
    ['a = "\\q"', 4],
    ["nosuch(1)", 0],
    ["1 + lower()", 4],
    ["a[b]", 2],
    ["a[1.5]", 0],
    ["a.", 2],
    ["and b", 0],
    ["1e999", 0],
    ["[1, 2", 5],
    ["a ~ b", 2],
    ['1 + year(since, "Europe/Nowhere")', 4],
    ["hour(since, 5)", 0],
  ])("%s is located in its text", (text, offset) => {
    expect(errorOf(() => parseExpression(text))).toEqual({ code: "EXPRESSION_INVALID", place: { offset } });
  });

  it.each([
    [undefined, []],
    [{ field: "a" }, []],
    [[], []],
    [["and", true], []],
    [["=", ["field", "a"], ["nosuch"]], [1]],
    [
      ["or", true, ["not", ["lower", Number.NaN]]],
      [1, 0, 0],
    ],
    [["field", 0], []],
    [["field", "a", -1], []],
    [["field", "a", ["field", "b"]], []],
    [["__proto__", 1], []],
    [["constructor"], []],
    [
      ["not", ["year", ["field", "a"], "Europe/Nowhere"]],
      [0, 1],
    ],
    [["day", 0, "x".repeat(100)], [1]],
  ])("%j is located by the way to it", (json, path) => {
    expect(errorOf(() => checkExpression(json))).toEqual({ code: "EXPRESSION_INVALID", place: { path } });
  });

  it("D13 is refused when it is too deep, too long or has too many parts", () => {
    const deep = (levels: number) => `${"not ".repeat(levels)}a`;
    expect(parseExpression(deep(60))).toBeDefined();
    for (const text of [
      deep(70),
      deep(5_000),
      "(".repeat(10_000),
      "[".repeat(10_000),
      `1${" - 1".repeat(100)}`,
      `1${" + 1".repeat(expressionLimits.nodes)}`,
      `"${"x".repeat(expressionLimits.text)}"`,
    ]) {
      expect(errorOf(() => parseExpression(text)).code).toBe("EXPRESSION_INVALID");
    }
    const text = "x".repeat(expressionLimits.text / 2);
    expect(checkExpression(["&", text, text])).toBeDefined();
    expect(errorOf(() => checkExpression(["&", text, text, "x"])).code).toBe("EXPRESSION_INVALID");
    let shared: unknown = "laugh";
    for (let level = 0; level < 40; level++) shared = ["list", shared, shared, shared];
    expect(errorOf(() => checkExpression(shared)).code).toBe("EXPRESSION_INVALID");
    let nested: unknown = 1;
    for (let level = 0; level < 100_000; level++) nested = ["neg", nested];
    expect(errorOf(() => checkExpression(nested)).code).toBe("EXPRESSION_INVALID");
  });

  it("D13 is stopped when it takes too many steps", () => {
    const text = "a".repeat(100_000);
    const list = Array.from({ length: 30_000 }, (_, at) => at);
    for (const costly of [
      `like(text, "*${"a".repeat(200)}b")`,
      "count(list) = sum(list)",
      '"x" in list',
      'length(replace(text, "a", "aaaaaaaaaa"))',
      'count(split(text, "a"))',
      `[${Array.from({ length: 10 }, () => "list = list").join(", ")}]`,
      `upper(text)${" & upper(text)".repeat(50)}`,
      `text${" & text".repeat(300)}`,
      `join([${"text, ".repeat(300)} text], "")`,
      `[${Array.from({ length: 320 }, (_, at) => `hour(0, "Etc/GMT+${at % 12}")`).join(", ")}]`,
    ]) {
      expect(errorOf(() => evaluate(parseExpression(costly), { text, list }))).toEqual({
        code: "EXPRESSION_TOO_COSTLY",
        place: null,
      });
    }
  });
});

function errorOf(run: () => unknown): { code: ViewErrorCode; place: ViewError["place"] } {
  try {
    run();
  } catch (error) {
    if (error instanceof ViewError) return { code: error.code, place: error.place };
    throw error;
  }
  throw new Error("it was taken");
}
