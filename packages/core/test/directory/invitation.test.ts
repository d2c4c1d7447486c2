import { nativeCrypto } from "@selkie/crypto/native";
import { toBase64url, toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fingerprint, fingerprintWords } from "../../src/directory/fingerprint.ts";
import { encodeInvitation, parseInvitation } from "../../src/directory/invitation.ts";
import { WORDS } from "../../src/directory/words.ts";
import { codeOf } from "../codes.ts";
import { pattern, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const content = { tenant: testTenant, secret: pattern("invite secret", 32) };
const text = encodeInvitation(crypto, content);

describe("an invitation", () => {
  test("is 128 characters that a QR code takes in its alphanumeric mode, and arrives in small letters and broken lines too", () => {
    expect(text).toMatch(/^SELKIE:INVITE:1:[A-Z2-7]{112}$/);
    expect(parseInvitation(crypto, text)).toEqual(content);
    const mailed = ` ${text.toLowerCase().replaceAll(/(.{40})/g, "$1\r\n ")}\n`;
    expect(parseInvitation(crypto, mailed)).toEqual(content);
  });

  test("is refused with any one character changed, left out or doubled", () => {
    for (let at = 0; at < text.length; at++) {
      const changed = text[at] === "A" ? "B" : "A";
      for (const middle of ["", changed, `${text[at]}${text[at]}`])
        expect(codeOf(() => parseInvitation(crypto, text.slice(0, at) + middle + text.slice(at + 1)))).toBe(
          "JOIN_MALFORMED",
        );
    }
  });

  test("is nothing else, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (other) => {
        expect(codeOf(() => parseInvitation(crypto, other))).toBe("JOIN_MALFORMED");
        expect(codeOf(() => parseInvitation(crypto, `SELKIE:INVITE:1:${other}`))).toBe("JOIN_MALFORMED");
      }),
    );
    expect(codeOf(() => parseInvitation(crypto, text.repeat(9)))).toBe("JOIN_MALFORMED");
    expect([toHex(content.secret), toBase64url(content.secret)].some((form) => text.includes(form))).toBe(false);
  });
});

describe("a fingerprint in words", () => {
  test("A14 has 12 words of 11 bits, and other digits give other words", () => {
    const [one, other] = ["one", "two"].map((purpose) => fingerprint(crypto, purpose, []));
    const words = fingerprintWords(one ?? "");
    expect(words.split(" ")).toHaveLength(12);
    expect(words.split(" ").every((word) => WORDS.includes(word))).toBe(true);
    expect(fingerprintWords(other ?? "")).not.toBe(words);
    expect(fingerprintWords("0".repeat(60))).toBe(Array(12).fill("abandon").join(" "));
    expect(
      fingerprintWords(`${"0".repeat(56)} 2049`)
        .split(" ")
        .slice(-2),
    ).toEqual(["ability", "ability"]);
  });

  test("A14 the list has 2,048 words, ascending, that differ in their first four letters", () => {
    expect(WORDS).toHaveLength(2_048);
    expect(new Set(WORDS.map((word) => word.slice(0, 4))).size).toBe(2_048);
    expect([...WORDS].sort()).toEqual(WORDS);
  });
});
