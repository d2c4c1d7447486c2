// Texts for QR codes: a little one, two parts, and what is made of them when they are carried badly.
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { encodeQrTexts } from "../../src/directory/qr-texts.ts";
import { pattern } from "../fixture.ts";
import type { VectorCase } from "./format.ts";

const kind = "join-response:1";

export function makeQrTextCases(): readonly VectorCase[] {
  const cases = [
    { comment: "eleven bytes: one text", bytes: Uint8Array.from({ length: 11 }, (_, at) => at) },
    { comment: "one byte more than a text holds: two texts", bytes: pattern("QR texts", 751) },
  ].map(({ comment, bytes }) => {
    return { comment, kind, bytes: toHex(bytes), texts: encodeQrTexts(nativeCrypto, kind, bytes) };
  });
  const [little = "", [first = "", second = ""] = []] = [cases[0]?.texts[0], cases[1]?.texts];
  const refused = (comment: string, text: string): VectorCase => ({ comment, kind, text, code: "JOIN_MALFORMED" });
  return [
    ...cases,
    refused("the second of two is missing", first),
    refused("parts of two things", `${little} ${first} ${second}`),
    refused("one that says it is another part", `${first} ${second} ${second.replace(":2/2:", ":1/2:")}`),
    refused("an unused bit that is not zero", `${little.slice(0, -1)}B`),
    refused("another digest", little.replace(/:[A-Z2-7]{8}:/, ":AAAAAAAA:")),
    refused("another kind", little.replace("RESPONSE", "REQUEST")),
    refused("a later version", little.replace(":1:", ":2:")),
  ];
}
