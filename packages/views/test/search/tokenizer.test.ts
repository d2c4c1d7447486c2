import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldWord } from "../../src/search/fold.ts";
import { tokenizer } from "../../src/search/tokenizer.ts";

const { terms, words } = tokenizer("en");

describe("the words of a text", () => {
  it.each([
    ["The Seal's 2 pups, A-B_c 3.14", ["the", "seal", "s", "2", "pups", "a", "b", "c", "3", "14"]],
    ["Straße STRASSE ﬁsh", ["strasse", "strasse", "fish"]],
    ["Crème brûlée cre\u0300me", ["creme", "brulee", "creme"]],
    ["ΟΔΟΣ οδός οδοσ", ["οδοσ", "οδοσ", "οδοσ"]],
    ["Øresund Łódź İstanbul ISTANBUL ıstanbul", ["oresund", "lodz", "istanbul", "istanbul", "istanbul"]],
    ["Чайковский Ёлка", ["чаиковскии", "елка"]],
    ["हिन्दी की", ["हिन्दी", "की"]],
    ["データ デ ﾃﾞ", ["データ", "デ", "デ"]],
    ["\u0301 - 🙂", []],
  ])("of %j are found whatever their case and accents", (text, expected) => {
    expect(terms(text)).toEqual(expected);
  });

  it("are those of a dictionary where a script writes no spaces", () => {
    expect(tokenizer("ja").terms("東京都に住んでいます iPhone")).toEqual(expect.arrayContaining(["東京", "iphone"]));
    expect(tokenizer("th").terms("ภาษาไทย").length).toBeGreaterThan(1);
    expect(terms("我喜歡看書").length).toBeGreaterThan(1);
  });

  it("stand where they say, are the same with and without their places, and short", () => {
    const part = fc.constantFrom(
      "é",
      "e\u0301",
      "ß",
      "İ",
      "a",
      "Z",
      "7",
      " ",
      "-",
      "字",
      "ไทย",
      "ﷺ",
      "\ud83d",
      "𝔸",
      "x".repeat(70),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ unit: "binary" }))), (parts) => {
        const text = parts.join("");
        const found = [...words(text)];
        expect(found.map(({ term }) => term)).toEqual(terms(text));
        let before = 0;
        for (const { term, start, end } of found) {
          expect(start).toBeGreaterThanOrEqual(before);
          expect(foldWord(text.slice(start, end))).toBe(term);
          expect(term).toMatch(/^[\p{L}\p{M}\p{N}]{1,64}$/u);
          before = end;
        }
        expect(before).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
