import { asPlaintext, type CryptoProvider } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  compareBytes,
  type EntryId,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseTenantId,
  parseWriterKey,
} from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Certificate,
  type CertificateClaim,
  type ControlPart,
  decodeControlPart,
  encodeControlPart,
  signCertificate,
  verifyCertificates,
  type WriterHead,
} from "../../src/sealing/control-part.ts";
import { codeOf } from "../codes.ts";
import { otherDatabase, pattern, testDatabase, testTenant } from "../fixture.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyHead: fc.Arbitrary<WriterHead> = fc.record({
  writer: bytes(32).map(parseWriterKey),
  seq: fc.maxSafeNat(),
  id: bytes(32).map(parseEntryId),
});
const anyCertificate: fc.Arbitrary<Certificate> = fc.record({
  device: bytes(32),
  admission: bytes(32).map(parseStatementId),
  incarnation: bytes(16),
  previous: fc.option(anyHead),
  signature: bytes(64).map(parseSignature),
});
const anyControl: fc.Arbitrary<ControlPart> = fc.record({
  certificate: fc.option(anyCertificate),
  frontier: fc.option(
    fc
      .uniqueArray(bytes(32), { maxLength: 64, selector: String })
      .map((heads) => heads.sort(compareBytes).map(parseEntryId)),
  ),
  vector: fc.option(
    fc
      .uniqueArray(anyHead, { maxLength: 20, selector: ({ writer }) => String(writer) })
      .map((heads) => heads.sort((a, b) => compareBytes(a.writer, b.writer))),
  ),
});

const ids = (count: number): EntryId[] =>
  Array.from({ length: count }, (_, at) => parseEntryId(new Uint8Array(32).fill(at + 1)));

test("decode gives back what encode was given", () => {
  fc.assert(
    fc.property(anyControl, (control) => {
      expect(decodeControlPart(encodeControlPart(control))).toEqual(control);
    }),
  );
});

test("B1 random bytes are refused with a typed error, or are exactly what encode writes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(7), (bytes, flags) => {
      const start = asPlaintext(Uint8Array.from([flags, ...bytes]));
      const code = codeOf(() => {
        expect(encodeControlPart(decodeControlPart(start))).toEqual(start);
      });
      expect([null, "PART_MALFORMED"]).toContain(code);
    }),
  );
});

describe("a frontier", () => {
  const control = (frontier: readonly EntryId[]): ControlPart => ({ certificate: null, frontier, vector: null });

  test("may be empty, which is not the same as none", () => {
    expect(decodeControlPart(encodeControlPart(control([]))).frontier).toEqual([]);
    expect(decodeControlPart(encodeControlPart({ ...control([]), frontier: null })).frontier).toBeNull();
  });

  test("has at most 64 heads", () => {
    expect(codeOf(() => encodeControlPart(control(ids(64))))).toBeNull();
    expect(codeOf(() => encodeControlPart(control(ids(65))))).toBe("PART_MALFORMED");
    const counted = encodeControlPart(control(ids(64))).slice();
    counted[1] = 65;
    expect(codeOf(() => decodeControlPart(asPlaintext(counted)))).toBe("PART_MALFORMED");
  });

  test.each([
    ["out of order", ids(2).reverse()],
    ["twice the same", [...ids(1), ...ids(1)]],
  ])("is refused %s: a set of heads has one encoding", (_, frontier) => {
    expect(codeOf(() => encodeControlPart(control(frontier)))).toBe("PART_MALFORMED");
    const honest = encodeControlPart(control(ids(2))).slice();
    for (const [at, head] of frontier.entries()) honest.set(head, 2 + 32 * at);
    expect(codeOf(() => decodeControlPart(asPlaintext(honest)))).toBe("PART_MALFORMED");
  });
});

describe("a certificate", () => {
  const writer = parseWriterKey(pattern("writer", 32));
  const admission = parseStatementId(pattern("grant", 32));
  const incarnation = pattern("incarnation", 16);
  const previous = { writer: parseWriterKey(pattern("old", 32)), seq: 41, id: parseEntryId(pattern("tip", 32)) };

  async function claimOf(crypto: CryptoProvider, chain: Partial<WriterHead> | null = {}): Promise<CertificateClaim> {
    const device = await crypto.importSigningKey(pattern("device", 32));
    const at = { tenant: testTenant, database: testDatabase, writer };
    const from = chain === null ? null : { ...previous, ...chain };
    return {
      ...at,
      certificate: await signCertificate(crypto, device, { ...at, admission, incarnation, previous: from }),
    };
  }

  test.each([null, {}])("is verified for the chain it was made for, with or without one before it", async (before) => {
    const claim = await claimOf(nativeCrypto, before);
    expect(await verifyCertificates(nativeCrypto, [claim])).toEqual([claim]);
  });

  test("A3 K-7 a certificate is worth nothing elsewhere: not one field of it or of its place can be another", async () => {
    const claim = await claimOf(nativeCrypto);
    const { certificate } = claim;
    const other = await nativeCrypto.importSigningKey(pattern("other device", 32));
    const changed = (change: Partial<Certificate>): CertificateClaim => ({
      ...claim,
      certificate: { ...certificate, ...change },
    });
    const forgeries: CertificateClaim[] = [
      { ...claim, tenant: parseTenantId(pattern("other tenant", 32)) },
      { ...claim, database: otherDatabase },
      { ...claim, writer: parseWriterKey(pattern("other writer", 32)) },
      changed({ device: other.publicKey }),
      changed({ admission: parseStatementId(pattern("other grant", 32)) }),
      changed({ incarnation: pattern("other incarnation", 16) }),
      changed({ previous: null }),
      changed({ previous: { ...previous, seq: 40 } }),
      changed({ previous: { ...previous, writer } }),
      changed({ previous: { ...previous, id: parseEntryId(pattern("other tip", 32)) } }),
      changed({ signature: parseSignature(certificate.signature.with(0, (certificate.signature[0] ?? 0) ^ 1)) }),
    ];
    expect(await verifyCertificates(nativeCrypto, forgeries)).toEqual(forgeries.map(() => null));
  });

  test("A12 a certificate of a key of small order is never verified", async () => {
    const claim = await claimOf(nativeCrypto);
    const device = new Uint8Array(32);
    device[0] = 1;
    const certificate = { ...claim.certificate, device, signature: parseSignature(new Uint8Array(64).with(0, 1)) };
    expect(await verifyCertificates(nativeCrypto, [{ ...claim, certificate }])).toEqual([null]);
  });

  test("verdicts come in the order of the claims", async () => {
    const claim = await claimOf(nativeCrypto);
    const verdicts = await verifyCertificates(nativeCrypto, [claim, { ...claim, database: otherDatabase }, claim]);
    expect(verdicts.map((verdict) => verdict !== null)).toEqual([true, false, true]);
  });

  test("names at most one chain before its own", () => {
    const signature = parseSignature(pattern("signature", 64));
    const device = pattern("device", 32);
    const certificate: Certificate = { device, admission, incarnation, previous, signature };
    const encoded = encodeControlPart({ certificate, frontier: null, vector: null }).slice();
    encoded[1 + 80] = 2;
    expect(codeOf(() => decodeControlPart(asPlaintext(encoded)))).toBe("PART_MALFORMED");
  });
});

test("an unknown flag is refused", () => {
  const control = encodeControlPart({ certificate: null, frontier: [], vector: null });
  expect(codeOf(() => decodeControlPart(asPlaintext(control.with(0, 8))))).toBe("PART_MALFORMED");
});
