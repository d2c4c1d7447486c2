import { type Expression, expression, parseExpression, printExpression } from "@selkie/views";
import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

interface Contact {
  readonly name: string;
  readonly region?: string;
  readonly revenue?: number;
  readonly tags: readonly string[];
  readonly address?: { readonly city?: string };
  readonly since: Date;
  readonly isActive: boolean;
}

const john: Contact = {
  name: "John Doe",
  region: "EMEA",
  revenue: 120,
  tags: ["vip", "eu"],
  address: { city: "Köln" },
  since: new Date("2023-12-31T23:30:00Z"),
  isActive: true,
};

describe("expressions", () => {
  it.each<readonly [string, Expression, unknown]>([
    ['region = "EMEA"', ["=", ["field", "region"], "EMEA"], true],
    [
      "revenue > 100 and isActive = true",
      ["and", [">", ["field", "revenue"], 100], ["=", ["field", "isActive"], true]],
      true,
    ],
    ["revenue * 2 + 1", ["+", ["*", ["field", "revenue"], 2], 1], 241],
    ["10 - 2 - 3", ["-", ["-", 10, 2], 3], 5],
    ["-(2 + 3) * 2", ["*", ["neg", ["+", 2, 3]], 2], -10],
    ["not region = null", ["not", ["=", ["field", "region"], null]], true],
    ["missing = null", ["=", ["field", "missing"], null], true],
    ["missing < 5", ["<", ["field", "missing"], 5], false],
    ['"5" < 6', ["<", "5", 6], false],
    ["revenue / 0", ["/", ["field", "revenue"], 0], null],
    ['"vip" in tags', ["in", "vip", ["field", "tags"]], true],
    ['region in ["APAC", "EMEA"]', ["in", ["field", "region"], ["list", "APAC", "EMEA"]], true],
    ['upper(name) & "!"', ["&", ["upper", ["field", "name"]], "!"], "JOHN DOE!"],
    ["tags[1]", ["field", "tags", 1], "eu"],
    ["address.city", ["field", "address", "city"], "Köln"],
    ["`address`.`city`", ["field", "address", "city"], "Köln"],
    ["year(since)", ["year", ["field", "since"]], 2023],
    ['year(since, "Europe/Berlin")', ["year", ["field", "since"], "Europe/Berlin"], 2024],
    ["quarter(since)", ["quarter", ["field", "since"]], 4],
    ["weekday(since)", ["weekday", ["field", "since"]], 7],
    ['daysBetween("2024-02-28", "2024-03-01")', ["daysBetween", "2024-02-28", "2024-03-01"], 2],
    ['like(name, "J*n ?oe")', ["like", ["field", "name"], "J*n ?oe"], true],
    ['if(revenue >= 100, "large", "small")', ["if", [">=", ["field", "revenue"], 100], "large", "small"], "large"],
    ["coalesce(missing, region)", ["coalesce", ["field", "missing"], ["field", "region"]], "EMEA"],
    ["round(1.005, 2)", ["round", 1.005, 2], 1.01],
    ["round(-2.5)", ["round", -2.5], -3],
    ["round(0.0000001, 2)", ["round", 0.0000001, 2], 0],
    ["round(1e-7, 7)", ["round", 1e-7, 7], 1e-7],
    ["round(1.5e21, 3)", ["round", 1.5e21, 3], 1.5e21],
    ["round(1234.5, -2)", ["round", 1234.5, -2], 1200],
    ['date("2023-02-29")', ["date", "2023-02-29"], null],
    ['date("2024-01-01T24:00Z")', ["date", "2024-01-01T24:00Z"], null],
    ['day(date("2024-02-29"))', ["day", ["date", "2024-02-29"]], 29],
    ['weekday("0050-01-01")', ["weekday", "0050-01-01"], 6],
    ['year("0000-06-01", "Europe/Berlin")', ["year", "0000-06-01", "Europe/Berlin"], 0],
    ['substring("äöü😀x", 2, 2)', ["substring", "äöü😀x", 2, 2], "ü😀"],
    ['join(split("a,b", ","), "-")', ["join", ["split", "a,b", ","], "-"], "a-b"],
    ["avg([1, 2, name, 6])", ["avg", ["list", 1, 2, ["field", "name"], 6]], 3],
    ['replace(name, "o", "0")', ["replace", ["field", "name"], "o", "0"], "J0hn D0e"],
    ['number(" 1e3 ")', ["number", " 1e3 "], 1000],
    ['number("0x10")', ["number", "0x10"], null],
    ['date("yesterday")', ["date", "yesterday"], null],
    ['database() & "/" & id()', ["&", ["database"], "/", ["id"]], "contacts/0102"],
  ])("%s", (text, json, value) => {
    expect(parseExpression(text)).toEqual(json);
    expect(parseExpression(printExpression(json))).toEqual(json);
    expect(evaluate(json, john)).toEqual(value);
  });

  it("are built with the types of the documents they are for", () => {
    const built = expression<Contact>((d, f) =>
      f.and(f.eq(d.region, "EMEA"), f.or(f.gt(d.revenue, 100), f.contains(d.tags, "vip")), f.ne(d.address.city, null)),
    );
    expect(printExpression(built)).toBe(
      'region = "EMEA" and (revenue > 100 or contains(tags, "vip")) and address.city != null',
    );
    expect(evaluate(built, john)).toBe(true);
    // @ts-expect-error there is no such field
    expression<Contact>((d, f) => f.eq(d.regoin, "EMEA"));
    // @ts-expect-error a region is no number
    expression<Contact>((d, f) => f.eq(d.region, 5));
  });

  it("read what a document holds itself, and nothing that it inherits", () => {
    expect(evaluate(parseExpression("constructor"), john)).toBeNull();
    expect(evaluate(parseExpression("name.length"), john)).toBeNull();
    expect(evaluate(parseExpression("tags.length"), john)).toBeNull();
    expect(evaluate(["field", "__proto__", "polluted"], john)).toBeNull();
  });
});
