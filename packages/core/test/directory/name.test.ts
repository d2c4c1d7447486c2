import { describe, expect, test } from "vitest";
import { foldName, isName, requireName } from "../../src/directory/name.ts";
import { codeOf } from "../codes.ts";

describe("a name", () => {
  test.each(["a", "CN=alice/O=acme", "Łukasz Żółć", "田中", "👩‍👩‍👧", "x".repeat(200), "مرحبا"])(
    "may be %s",
    (text) => {
      expect(isName(text)).toBe(true);
      expect(requireName(text)).toBe(text);
    },
  );

  test.each([
    ["empty", ""],
    ["too long", "x".repeat(201)],
    ["a line break: F7 a log line has one name", "a\nb"],
    ["a null byte: it could be the directory", "\u0000directory"],
    ["an escape sequence", "\u001b[31mred"],
    ["a C1 control", "a\u009bb"],
    ["a line separator", "a\u2028b"],
    ["an override of direction", "a\u202eb"],
    ["an isolate of direction", "a\u2066b"],
    ["a byte order mark", "\ufeffalice"],
    ["half a surrogate pair", "\ud83d"],
  ])("may not be %s", (_, text) => {
    expect(isName(text)).toBe(false);
    expect(codeOf(() => requireName(text))).toBe("NAME_INVALID");
  });
});

describe("foldName makes one of", () => {
  test.each([
    ["upper and lower case", "ALICE", "alice"],
    ["composed and decomposed", "Zo\u00eb", "Zoe\u0308"],
    ["compatibility forms", "ﬁne", "FINE"],
    ["full width", "ＡＢＣ", "abc"],
    ["ß and ss", "Straße", "STRASSE"],
    ["long s", "ſam", "SAM"],
    ["final sigma", "ΟΔΥΣΣΕΥΣ", "οδυσσευς"],
    ["the Kelvin sign", "\u212a", "k"],
  ])("%s", (_, one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });

  test("but not of different names", () => {
    expect(foldName("alice")).not.toBe(foldName("alise"));
    expect(foldName("O=acme")).not.toBe(foldName("O= acme"));
  });
});
