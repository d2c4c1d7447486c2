// Makes the vectors of docs/spec/vectors/entry from fixed seeds. Valid cases are what the code does, frozen by the commit; invalid
// cases and their codes are written down here by hand.

import { littleEndian } from "../../src/ed25519-rule.ts";
import { ALL_LABELS, concatBytes, fromHex, type SignatureCheck, toHex } from "../../src/index.ts";
import { labelPrefix } from "../../src/labels.ts";
import { pattern, testWriter } from "../chain.ts";
import { craft, craftForSmallOrderKey, ORDER, SMALL_ORDER_ENCODINGS, scalarBytes } from "../ed25519-cases.ts";
import type { Ed25519Case, LabelCase, UlebCase, VectorFile, VectorFiles } from "./format.ts";
import { makeBodyCases, makeEntryCases, makeHeaderCases } from "./make-entries.ts";
import { makeFoundingCases, makeRunCases, makeVectorCases } from "./make-runs.ts";

export function makeVectors(): VectorFiles {
  return {
    uleb: file("Unsigned LEB128 in its shortest form, at most 2^53 - 1 (section 2)", makeUlebCases()),
    labels: file("What stands before every input under a label (section 2)", makeLabelCases()),
    ed25519: file(
      "The one validity rule of signatures (section 3). A seed is the 32-byte secret of RFC 8032",
      makeEd25519Cases(),
    ),
    header: file("Header prefix, 132 bytes, and its hash (section 4)", makeHeaderCases()),
    entry: file(
      "Entries: hashes, id, signature, declared size, body (sections 4 to 7); shapes that are refused",
      makeEntryCases(),
    ),
    body: file("Bodies that are refused, at seq 0 of the first writer (section 7)", makeBodyCases()),
    run: file("Messages of runs, a session at a time, and the verdict on each run (sections 6 and 8)", makeRunCases()),
    founding: file("Founding headers, 228 bytes (section 9)", makeFoundingCases()),
    vector: file("Vectors and their digests (section 10)", makeVectorCases()),
  };
}

function file<C>(comment: string, cases: readonly C[]): VectorFile<C> {
  return { comment, cases };
}

function makeUlebCases(): readonly UlebCase[] {
  return [
    { comment: "zero", bytes: "00", value: 0 },
    { comment: "the largest number of one byte", bytes: "7f", value: 127 },
    { comment: "the smallest number of two bytes", bytes: "8001", value: 128 },
    { comment: "300", bytes: "ac02", value: 300 },
    { comment: "2^32", bytes: "8080808010", value: 2 ** 32 },
    { comment: "2^53 - 1", bytes: "ffffffffffffff0f", value: Number.MAX_SAFE_INTEGER },
    { comment: "2^53", bytes: "8080808080808010", code: "TOO_LARGE" },
    { comment: "nine groups", bytes: "ffffffffffffffff01", code: "TOO_LARGE" },
    { comment: "zero in two groups", bytes: "8000", code: "NOT_MINIMAL" },
    { comment: "127 in two groups", bytes: "ff00", code: "NOT_MINIMAL" },
    { comment: "a group is missing", bytes: "80", code: "TRUNCATED" },
    { comment: "nothing", bytes: "", code: "TRUNCATED" },
    { comment: "a byte follows", bytes: "0000", code: "TRAILING_BYTES" },
  ];
}

function makeLabelCases(): readonly LabelCase[] {
  const ofEntries = ["prefix", "entry", "table", "root", "ct", "vector", "sign-entry"];
  return ALL_LABELS.filter((label) => ofEntries.includes(label)).map((label) => ({
    comment: `"selkie/1/", "${label}", 00`,
    label,
    prefix: toHex(labelPrefix(label)),
  }));
}

function makeEd25519Cases(): readonly Ed25519Case[] {
  const { seed } = testWriter();
  const message = new TextEncoder().encode("selkie");
  const honest = craft({ seed, message });
  const [R, S] = [honest.signature.subarray(0, 32), honest.signature.subarray(32)];
  const invalid = (comment: string, check: Partial<SignatureCheck>, withSeed = true): Ed25519Case => ({
    comment,
    ...(withSeed ? { seed: toHex(seed) } : {}),
    ...hexOf({ ...honest, ...check }),
    isValid: false,
  });
  const at = (index: number): Uint8Array => SMALL_ORDER_ENCODINGS[index] ?? new Uint8Array(32);
  return [
    { comment: "an honest signature", seed: toHex(seed), ...hexOf(honest), isValid: true },
    {
      comment: "an honest signature of nothing",
      seed: toHex(pattern("another seed", 32)),
      ...hexOf(craft({ seed: pattern("another seed", 32), message: new Uint8Array() })),
      isValid: true,
    },
    invalid("another message", { message: new TextEncoder().encode("Selkie") }),
    ...[1, 2, 3, 4, 5, 6, 7].map((onR) =>
      invalid(`R plus ${onR} times a point of order 8: valid with the cofactor`, craft({ seed, message, onR })),
    ),
    invalid(
      "R is the identity (r = 0): valid by comparison of bytes, refused by OpenSSL and WebCrypto",
      craft({ seed, message, nonce: 0n }),
    ),
    ...[1, 4].map((onKey) =>
      invalid(`key plus ${onKey} times a point of order 8, signed correctly`, craft({ seed, message, onKey })),
    ),
    ...[0, 1, 2, 4].map((index) =>
      invalid(
        `a key of small order (${index} times a point of order 8) and S = 0: signed by nobody`,
        craftForSmallOrderKey(index),
        false,
      ),
    ),
    invalid("a key that is not canonical: y = p + 1", { publicKey: at(10) }, false),
    invalid("a key that is not canonical: x = 0 with the sign bit", { publicKey: at(8) }, false),
    invalid("a key that is not on the curve", { publicKey: scalarBytes(2n) }, false),
    invalid("S + L", { signature: concatBytes(R, scalarBytes(littleEndian(S) + ORDER)) }),
    invalid("S = L", { signature: concatBytes(R, scalarBytes(ORDER)) }),
    invalid("R is not canonical", { signature: concatBytes(at(10), S) }),
    invalid("S is cut short", { signature: honest.signature.subarray(0, 63) }),
    invalid("a byte follows S", { signature: concatBytes(honest.signature, fromHex("00")) }),
    invalid("the key is cut short", { publicKey: honest.publicKey.subarray(0, 31) }),
  ];
}

function hexOf({
  publicKey,
  message,
  signature,
}: SignatureCheck): Pick<Ed25519Case, "publicKey" | "message" | "signature"> {
  return { publicKey: toHex(publicKey), message: toHex(message), signature: toHex(signature) };
}
