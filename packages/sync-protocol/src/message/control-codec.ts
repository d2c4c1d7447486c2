// The messages that are rare: strict CBOR arrays (RFC 8949) after the type byte.
import { equalBytes, parseSignature, parseTenantId } from "@selkie/entry";
import { decode, encode } from "cborg";
import { MAX_DOCUMENTS } from "../access/document.ts";
import { SyncError } from "../sync-error.ts";
import { MAX_CLAIM_BYTES, MAX_CODE_LENGTH, MAX_GOAWAY_MS, MAX_ORIGIN_BYTES } from "./bounds.ts";
import type { ClaimMessage, Goaway } from "./message.ts";

const claimKinds = ["none", "login", "device"] as const;

/** Body of a claim. */
export function encodeClaim(claim: ClaimMessage): Uint8Array {
  const { kind, tenant, key, origin, documents, signature } = claim;
  return encode([claimKinds.indexOf(kind), tenant, key, origin, documents, signature]);
}

/** @throws SyncError `BAD_MESSAGE` */
export function decodeClaim(body: Uint8Array): ClaimMessage {
  if (body.length > MAX_CLAIM_BYTES) throw malformed("a claim that is too long");
  const [kindIndex, tenant, key, origin, documents, signature] = decodeArray(body, 6);
  const kind = claimKinds[wholeNumber(kindIndex, claimKinds.length - 1)];
  if (kind === undefined) throw malformed("a claim of no known kind");
  if ((key === null) !== (kind === "none") || (signature === null) !== (kind === "none")) {
    throw malformed("a claim whose proof does not fit its kind");
  }
  return {
    type: "claim",
    kind,
    // Copies: they outlive the claim, which may have a megabyte.
    tenant: parseTenantId(byteString(tenant).slice()),
    key: key === null ? null : byteString(key, 32).slice(),
    origin: text(origin, MAX_ORIGIN_BYTES),
    documents: byteStrings(documents),
    signature: signature === null ? null : parseSignature(byteString(signature)),
  };
}

/** Body of `present`. */
export function encodeDocuments(documents: readonly Uint8Array[]): Uint8Array {
  return encode([documents]);
}

/** @throws SyncError `BAD_MESSAGE` */
export function decodeDocuments(body: Uint8Array): readonly Uint8Array[] {
  if (body.length > MAX_CLAIM_BYTES) throw malformed("documents that are too long");
  return byteStrings(decodeArray(body, 1)[0]);
}

/** Body of `refused` and `error`. */
export function encodeCode(code: string): Uint8Array {
  return encode([code]);
}

/** @throws SyncError `BAD_MESSAGE` */
export function decodeCode(body: Uint8Array): string {
  return parseCode(text(decodeArray(body, 1)[0], MAX_CODE_LENGTH));
}

/** A code that is safe to show and to log: capitals, digits, underscores. @throws SyncError `BAD_MESSAGE` */
export function parseCode(code: string): string {
  // SECURITY: what a peer says reaches logs and screens in this alphabet only. Test: codec.test.ts "F7 ...".
  if (!isCode(code)) throw malformed("a code in another alphabet");
  return code;
}

/** Whether a code may travel: 1 to 64 of `A-Z0-9_`, beginning with a letter. */
export function isCode(code: string): boolean {
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(code);
}

/** Body of `goaway`. */
export function encodeGoaway(goaway: Goaway): Uint8Array {
  return encode([goaway.afterMs, goaway.withinMs]);
}

/** @throws SyncError `BAD_MESSAGE` */
export function decodeGoaway(body: Uint8Array): Goaway {
  const [afterMs, withinMs] = decodeArray(body, 2);
  return {
    type: "goaway",
    afterMs: wholeNumber(afterMs, MAX_GOAWAY_MS),
    withinMs: wholeNumber(withinMs, MAX_GOAWAY_MS),
  };
}

function decodeArray(body: Uint8Array, length: number): readonly unknown[] {
  const value: unknown = decode(body, {
    strict: true,
    allowIndefinite: false,
    allowUndefined: false,
    allowInfinity: false,
    allowNaN: false,
    allowBigInt: false,
    tags: {},
  });
  if (!Array.isArray(value) || value.length !== length) throw malformed("not the array that was due");
  // One encoding of each message: a number written as a float, for one, does not come back as it was.
  if (!equalBytes(encode(value), body)) throw malformed("CBOR that is not in its shortest form");
  return value;
}

function wholeNumber(value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw malformed("not the number that was due");
  }
  return value;
}

function text(value: unknown, maxBytes: number): string {
  if (typeof value !== "string" || new TextEncoder().encode(value).length > maxBytes)
    throw malformed("not the text that was due");
  return value;
}

function byteString(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
    throw malformed("not the bytes that were due");
  }
  return value;
}

function byteStrings(value: unknown): readonly Uint8Array[] {
  if (!Array.isArray(value) || value.length > MAX_DOCUMENTS) throw malformed("not the documents that were due");
  return value.map((item: unknown) => byteString(item));
}

function malformed(what: string): SyncError {
  return new SyncError("BAD_MESSAGE", what);
}
