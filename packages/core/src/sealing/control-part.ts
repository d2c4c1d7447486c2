// The control part of an entry: who certified its writer, which directory heads its author knew, and which entries of others it has
// seen. Sealed under the directory key, so a relay learns none of it.
import type { CryptoProvider, Plaintext, SigningKey } from "@selkie/crypto";
import {
  type ByteReader,
  ByteWriter,
  compareBytes,
  type DatabaseId,
  type EntryId,
  labelled,
  limits,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseWriterKey,
  type Signature,
  type StatementId,
  type TenantId,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { pad, readPadded } from "./padme.ts";

/** An entry of some writer, by its place and id. */
export interface WriterHead {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly id: EntryId;
}

/** A device's word that a writer key is its own. In the first entry of every chain but the founding one. */
export interface Certificate {
  /** The device's 32-byte signing key. */
  readonly device: Uint8Array;
  /** The statement that admits this device; the tenant id for the root. */
  readonly admission: StatementId;
  /** 16 random bytes, made for this chain. */
  readonly incarnation: Uint8Array;
  /** Where this device's previous chain in the database ended, if it knows. */
  readonly previous: WriterHead | null;
  readonly signature: Signature;
}

/** What a control part says; `null` for what it leaves out. */
export interface ControlPart {
  readonly certificate: Certificate | null;
  /** Directory heads of other chains, ascending, at most 64. */
  readonly frontier: readonly EntryId[] | null;
  /** What the writer has newly seen of others, ascending by writer. */
  readonly vector: readonly WriterHead[] | null;
}

/** A certificate and what it is about: the chain it was found in. */
export interface CertificateClaim {
  readonly tenant: TenantId;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly certificate: Certificate;
}

declare const verified: unique symbol;
/** A claim whose signature is its device's. Whether that device is admitted is the directory's business. */
export interface VerifiedCertificate extends CertificateClaim {
  readonly [verified]: true;
}

const hasCertificate = 1;
const hasFrontier = 2;
const hasVector = 4;
const vectorWriters = 0xffff;

/** Encodes and pads. @throws CoreError `PART_MALFORMED` when a list is too long or not ascending */
export function encodeControlPart({ certificate, frontier, vector }: ControlPart): Plaintext {
  const flags =
    (certificate === null ? 0 : hasCertificate) |
    (frontier === null ? 0 : hasFrontier) |
    (vector === null ? 0 : hasVector);
  const writer = new ByteWriter().u8(flags);
  if (certificate !== null) writer.bytes(encodeCertificate(certificate)).bytes(certificate.signature);
  if (frontier !== null) {
    requireAscending(frontier, limits.frontier);
    writer.u8(frontier.length);
    for (const head of frontier) writer.bytes(head);
  }
  if (vector !== null) {
    requireAscending(
      vector.map((head) => head.writer),
      vectorWriters,
    );
    writer.u16(vector.length);
    for (const head of vector) writeHead(writer, head);
  }
  return pad(writer.finish());
}

/** @throws CoreError `PART_MALFORMED` */
export function decodeControlPart(plaintext: Plaintext): ControlPart {
  return readPadded(plaintext, (reader) => {
    const flags = reader.u8();
    if (flags > (hasCertificate | hasFrontier | hasVector)) {
      throw new CoreError("PART_MALFORMED", `unknown flags ${flags}`);
    }
    return {
      certificate: (flags & hasCertificate) === 0 ? null : readCertificate(reader),
      frontier: (flags & hasFrontier) === 0 ? null : readFrontier(reader),
      vector: (flags & hasVector) === 0 ? null : readVector(reader),
    };
  });
}

/** Signs a certificate for a new chain with the device's key. */
export async function signCertificate(
  crypto: CryptoProvider,
  device: SigningKey,
  chain: Omit<CertificateClaim, "certificate"> & Omit<Certificate, "device" | "signature">,
): Promise<Certificate> {
  const { admission, incarnation, previous } = chain;
  const unsigned = { device: device.publicKey, admission, incarnation, previous };
  const [signature] = await crypto.signMany(device, "sign-certificate", [certificateMessage(chain, unsigned)]);
  if (signature === undefined) throw new CoreError("PART_MALFORMED", "no signature was made");
  return { ...unsigned, signature };
}

/** Checks certificates against the device each names: null where the signature is not that device's. One verdict per claim, in order. */
export async function verifyCertificates(
  verifier: Verifier,
  claims: readonly CertificateClaim[],
): Promise<readonly (VerifiedCertificate | null)[]> {
  const verdicts = await verifier.verifyMany(
    claims.map((claim) => ({
      publicKey: claim.certificate.device,
      message: labelled("sign-certificate", certificateMessage(claim, claim.certificate)),
      signature: claim.certificate.signature,
    })),
  );
  return claims.map((claim, at) => (verdicts[at] === true ? (claim as VerifiedCertificate) : null));
}

/** What the device signs: the chain's place first, then what the certificate says, but for the device, which the signature binds. */
function certificateMessage(
  { tenant, database, writer }: Omit<CertificateClaim, "certificate">,
  { incarnation, admission, previous }: Omit<Certificate, "signature">,
): Uint8Array {
  const message = new ByteWriter().bytes(tenant).bytes(database).bytes(writer).bytes(incarnation).bytes(admission);
  writePrevious(message, previous);
  return message.finish();
}

function encodeCertificate({ device, admission, incarnation, previous }: Omit<Certificate, "signature">): Uint8Array {
  if (device.length !== 32 || incarnation.length !== 16) {
    throw new CoreError("PART_MALFORMED", "a device key is 32 bytes and an incarnation 16");
  }
  const writer = new ByteWriter().bytes(device).bytes(admission).bytes(incarnation);
  writePrevious(writer, previous);
  return writer.finish();
}

function readCertificate(reader: ByteReader): Certificate {
  const device = reader.bytes(32);
  const admission = parseStatementId(reader.bytes(32));
  const incarnation = reader.bytes(16);
  const count = reader.u8();
  if (count > 1) throw new CoreError("PART_MALFORMED", "a chain follows at most one other");
  const previous = count === 0 ? null : readHead(reader);
  return { device, admission, incarnation, previous, signature: parseSignature(reader.bytes(64)) };
}

function writePrevious(writer: ByteWriter, previous: WriterHead | null): void {
  writer.u8(previous === null ? 0 : 1);
  if (previous !== null) writeHead(writer, previous);
}

function writeHead(out: ByteWriter, { writer, seq, id }: WriterHead): void {
  out.bytes(writer).u64(seq).bytes(id);
}

function readHead(reader: ByteReader): WriterHead {
  return { writer: parseWriterKey(reader.bytes(32)), seq: reader.u64(), id: parseEntryId(reader.bytes(32)) };
}

function readFrontier(reader: ByteReader): readonly EntryId[] {
  const count = reader.u8();
  if (count > limits.frontier) throw new CoreError("PART_MALFORMED", `a frontier of ${count} heads`);
  const heads = Array.from({ length: count }, () => parseEntryId(reader.bytes(32)));
  requireAscending(heads, limits.frontier);
  return heads;
}

function readVector(reader: ByteReader): readonly WriterHead[] {
  const heads: WriterHead[] = [];
  for (let left = reader.u16(); left > 0; left--) heads.push(readHead(reader));
  requireAscending(
    heads.map((head) => head.writer),
    vectorWriters,
  );
  return heads;
}

/** One order, and nothing twice: so that a list has one encoding. */
function requireAscending(keys: readonly Uint8Array[], max: number): void {
  const ascending = keys.every((key, at) => {
    const before = keys[at - 1];
    return before === undefined || compareBytes(before, key) < 0;
  });
  if (!ascending || keys.length > max) throw new CoreError("PART_MALFORMED", "a list is too long or not ascending");
}
