import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newIdentity } from "../../src/directory/identity.ts";
import { createDeviceRequest, createJoinRequest, parseJoinRequest } from "../../src/directory/join-request.ts";
import { createJoinResponse, parseJoinResponse } from "../../src/directory/join-response.ts";
import { areQrTexts, decodeQrTexts, encodeQrTexts } from "../../src/directory/qr-texts.ts";
import { CoreError } from "../../src/errors.ts";
import { codeOf, codeOfAsync } from "../codes.ts";
import { directoryDatabase, pattern, repeatableCrypto, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const kinds = ["join-request:1", "device-request:1"] as const;
const bob = newIdentity(repeatableCrypto("bob"), "CN=bob/O=acme");
/** 200 code units are the longest name, and three bytes the most that one takes. */
const longest = newIdentity(repeatableCrypto("longest"), "\u20ac".repeat(200));
const invite = pattern("invite secret", 32);
/** What a code of version 23 at error correction M holds. */
const ALPHANUMERIC = /^[0-9A-Z $%*+\-./:]{1,1248}$/;

const DIGEST = /:[A-Z2-7]{8}:/;

const bytes = pattern("four parts", 2_640);
const texts = encodeQrTexts(crypto, kinds[0], bytes);
const decode = (text: string) => decodeQrTexts(crypto, kinds, text);
const refuses = (text: string) =>
  expect(
    codeOf(() => decode(text)),
    text.slice(0, 60),
  ).toBe("JOIN_MALFORMED");

function messageOf(text: string): string {
  try {
    decode(text);
  } catch (error) {
    if (error instanceof CoreError) return error.message;
    throw error;
  }
  return "";
}

const response = (name: string, ticket: Uint8Array) =>
  createJoinResponse(
    crypto,
    {
      request: pattern("request", 16),
      salt: pattern("salt", 16),
      tenant: testTenant,
      tenantName: name,
      directory: directoryDatabase,
      admission: parseStatementId(pattern("grant", 32)),
      ticket,
    },
    invite,
  );

describe("what people pass on as QR codes", () => {
  test("a request takes four, one for a further device two, a response one; the longest fit as well", async () => {
    const made = [
      [await createJoinRequest(crypto, bob, invite), 4],
      [await createDeviceRequest(crypto, bob, invite), 2],
      [await response("acme-corp", pattern("ticket", 400)), 1],
      [await createJoinRequest(crypto, longest, invite), 5],
      [await response(longest.name, pattern("ticket", 4_096)), 7],
    ] as const;
    for (const [one, count] of made) {
      expect(one.toQrTexts()).toHaveLength(count);
      for (const text of one.toQrTexts()) expect(text).toMatch(ALPHANUMERIC);
    }
  });

  test("requests of both kinds and responses are read from them, as from their URIs", async () => {
    for (const create of [createJoinRequest, createDeviceRequest]) {
      const request = await create(crypto, bob, invite);
      const arrived = await parseJoinRequest(crypto, request.toQrTexts().toReversed().join("\n"));
      expect([arrived.kind, arrived.toString()]).toEqual([request.kind, request.toString()]);
      // What is in them is judged as in a URI.
      const [first = "", ...others] = encodeQrTexts(
        crypto,
        `${request.kind === "user" ? "join" : "device"}-request:1`,
        bytes,
      );
      expect(await codeOfAsync(() => parseJoinRequest(crypto, [first, ...others].join(" ")))).toBe("JOIN_MALFORMED");
      expect(codeOf(() => parseJoinResponse(crypto, request.toQrTexts().join(" ")))).toBe("JOIN_MALFORMED");
    }
    const answer = await response("acme-corp", pattern("ticket", 900));
    expect(parseJoinResponse(crypto, answer.toQrTexts().join(" ")).toString()).toBe(answer.toString());
    expect(await codeOfAsync(() => parseJoinRequest(crypto, answer.toQrTexts().join(" ")))).toBe("JOIN_MALFORMED");
  });

  test("a file of a request, with a byte order mark and a line break at its end, is read in either form", async () => {
    const request = await createJoinRequest(crypto, bob);
    for (const content of [request.toString(), request.toQrTexts().join("\r\n")]) {
      const arrived = await parseJoinRequest(crypto, `\ufeff${content}\r\n`);
      expect(arrived.toString()).toBe(request.toString());
    }
  });
});

describe("QR texts", () => {
  test("arrive in any order, more than once, in small letters, broken lines or as a list", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 6_750 }),
        fc.array(fc.nat(8), { maxLength: 12 }),
        fc.constantFrom(" ", "\n", "\r\n\t", ",", ""),
        (content, order, between) => {
          const all = encodeQrTexts(crypto, kinds[1], content);
          for (const text of all) expect(text).toMatch(ALPHANUMERIC);
          const sent = [...order.flatMap((at) => all[at] ?? []), ...all].join(between);
          for (const text of [sent, sent.toLowerCase(), sent.replaceAll(/(.{70})/g, "$1\n ")])
            expect(decode(text)).toEqual({ kind: kinds[1], bytes: content });
        },
      ),
      { numRuns: 40 },
    );
    expect(decode(String(texts))).toEqual({ kind: kinds[0], bytes });
  });

  test("say which of them are missing", () => {
    expect(texts).toHaveLength(4);
    expect(messageOf(texts.filter((_, at) => at !== 2).join(" "))).toBe("of 4 QR texts these are missing: 3");
    expect(messageOf(`${texts[1]} ${texts[1]}`)).toBe("of 4 QR texts these are missing: 1, 3, 4");
  });

  test("of two things are not mixed", () => {
    const other = encodeQrTexts(crypto, kinds[0], pattern("another", 2_640));
    const longer = encodeQrTexts(crypto, kinds[0], pattern("another", 3_100));
    for (const foreign of [other, longer, encodeQrTexts(crypto, kinds[1], bytes)]) {
      refuses([...texts, foreign[0]].join(" "));
      refuses(texts.with(1, foreign[1] ?? "").join(" "));
    }
    // With the digest of the others it is no better, nor beside the right one.
    const digest = (texts[1] ?? "").match(DIGEST)?.[0] ?? "";
    const disguised = (other[1] ?? "").replace(DIGEST, digest);
    refuses(texts.with(1, disguised).join(" "));
    refuses([disguised, ...texts].join(" "));
    refuses([...texts, disguised].join(" "));
  });

  test("are refused with any one character changed, left out or doubled", () => {
    const little = encodeQrTexts(crypto, kinds[0], bytes.subarray(0, 41));
    for (const whole of [little.join(" "), texts.join(" ")]) {
      const step = whole.length > 1_000 ? 61 : 1;
      for (let at = 0; at < whole.length; at += step) {
        if (whole[at] === " ") continue;
        const changed = whole[at] === "A" ? "B" : "A";
        for (const middle of ["", changed, `${whole[at]}${whole[at]}`])
          refuses(whole.slice(0, at) + middle + whole.slice(at + 1));
      }
    }
  });

  test("have one form: no other cut, count or digest of the same bytes, and nothing around them", () => {
    const [one = ""] = encodeQrTexts(crypto, kinds[0], bytes.subarray(0, 40));
    const [head, data] = [one.slice(0, one.lastIndexOf(":") + 1), one.slice(one.lastIndexOf(":") + 1)];
    const asTwo = [data.slice(0, 32), data.slice(32)].map((half, at) => head.replace("1/1", `${at + 1}/2`) + half);
    const [first = "", second = ""] = encodeQrTexts(crypto, kinds[0], bytes.subarray(0, 800));
    const from = second.lastIndexOf(":") + 1;
    const cutBefore = `${first.slice(0, -8)} ${second.slice(0, from)}${first.slice(-8)}${second.slice(from)}`;
    for (const text of [
      asTwo.join(" "),
      cutBefore,
      `${one} ${one.replace("1/1", "2/1")}`,
      one.replace("1/1", "0/1"),
      one.replace("1/1", "1/0"),
      one.replace("1/1", "1/10"),
      one.replace("1/1", "01/1"),
      one.replace(":1:", ":2:"),
      one.replace("JOIN-REQUEST", "JOIN-RESPONSE"),
      one.replace(DIGEST, ":AAAAAAAA:"),
      head,
      `A ${one}`,
      `${one} selkie:join-request:1:AAAA`,
      "SELKIE:QR:",
      "",
    ])
      refuses(text);
    expect(codeOf(() => encodeQrTexts(crypto, kinds[0], new Uint8Array()))).toBe("JOIN_MALFORMED");
    expect(codeOf(() => encodeQrTexts(crypto, kinds[0], new Uint8Array(6_751)))).toBe("JOIN_MALFORMED");
  });

  test("are nothing else, whatever the text", async () => {
    const pieces = fc.constantFrom(
      "SELKIE:QR:",
      "JOIN-REQUEST:1:",
      "1/1:",
      "2/3:",
      "AAAAAAAA:",
      "MY",
      ":",
      "/",
      " ",
      ...texts,
    );
    const anything = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(pieces, { maxLength: 9 }).map((all) => all.join("")),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        for (const whole of [text, `SELKIE:QR:${text}`]) {
          expect(await codeOfAsync(() => parseJoinRequest(crypto, whole))).toBe("JOIN_MALFORMED");
          expect(codeOf(() => parseJoinResponse(crypto, whole))).toBe("JOIN_MALFORMED");
        }
      }),
    );
    expect(codeOf(() => parseJoinResponse(crypto, (texts[0] ?? "").repeat(60)))).toBe("JOIN_MALFORMED");
    expect(areQrTexts("selkie:join-request:1:")).toBe(false);
  });
});
