// The header prefix: every header field before the parts root, 132 bytes (docs/spec/entry.md section 4).

import type { ByteReader } from "./byte-reader.ts";
import { equalBytes } from "./bytes.ts";
import { EntryError } from "./entry-error.ts";
import {
  type DatabaseId,
  type EntryId,
  parseDatabaseId,
  parseEntryId,
  parseSalt,
  parseWriterKey,
  type Salt,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "./ids.ts";
import { hash, type Verifier } from "./verifier.ts";

/** What an entry is: the founding entry of a tenant, statements of a directory, or changes of documents. */
export const entryType = { founding: 0, statement: 1, change: 2 } as const;
/** A value of {@link entryType}. */
export type EntryType = (typeof entryType)[keyof typeof entryType];

/** The fields of the header prefix; version and suite are 1. */
export interface EntryHeader {
  readonly type: EntryType;
  /** Flag bit 0: part 0 is a control part. */
  readonly control: boolean;
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  /** Position in the writer's chain, from 0. */
  readonly seq: number;
  /** Id of the entry before; {@link ZERO_ENTRY_ID} at seq 0. */
  readonly prev: EntryId;
  readonly salt: Salt;
}

/** Bytes of the header prefix. */
export const HEADER_PREFIX_BYTES = 132;

/** The one format version that this software reads and writes. */
export const FORMAT_VERSION = 1;
const SUITE = 1;
const CONTROL_FLAG = 1;

/**
 * The 132 bytes of the header prefix.
 *
 * @throws EntryError `BAD_TYPE`, `BAD_POSITION`, `BAD_LENGTH`
 */
export function encodeHeaderPrefix(header: EntryHeader): Uint8Array {
  return writeHeaderPrefix(new Uint8Array(HEADER_PREFIX_BYTES), header);
}

/** The same into 132 bytes that are used again and again: every one of them is written. */
export function writeHeaderPrefix(bytes: Uint8Array, header: EntryHeader): Uint8Array {
  checkHeader(header);
  bytes[0] = FORMAT_VERSION;
  bytes[1] = SUITE;
  bytes[2] = header.type;
  bytes[3] = header.control ? CONTROL_FLAG : 0;
  bytes.set(header.database, 4);
  bytes.set(header.writer, 36);
  let rest = header.seq;
  for (let i = 75; i >= 68; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes.set(header.prev, 76);
  bytes.set(header.salt, 108);
  return bytes;
}

/**
 * Reads a header prefix.
 *
 * @throws EntryError `TRUNCATED`, `UNSUPPORTED_VERSION`, `UNSUPPORTED_SUITE`, `BAD_TYPE`, `BAD_FLAGS`, `BAD_POSITION`, `TOO_LARGE`
 */
export function readHeaderPrefix(reader: ByteReader): EntryHeader {
  const version = reader.u8();
  if (version !== FORMAT_VERSION) throw new EntryError("UNSUPPORTED_VERSION", `format version ${version}`);
  const suite = reader.u8();
  if (suite !== SUITE) throw new EntryError("UNSUPPORTED_SUITE", `suite ${suite}`);
  const type = parseEntryType(reader.u8());
  const flags = reader.u8();
  if (flags > CONTROL_FLAG) throw new EntryError("BAD_FLAGS", `flags ${flags}`);
  const header: EntryHeader = {
    type,
    control: flags === CONTROL_FLAG,
    database: parseDatabaseId(reader.bytes(32)),
    writer: parseWriterKey(reader.bytes(32)),
    seq: reader.u64(),
    prev: parseEntryId(reader.bytes(32)),
    salt: parseSalt(reader.bytes(24)),
  };
  checkPosition(header);
  return header;
}

/** Hash of the header prefix, 32 bytes: part of the entry id, and of the key that seals the entry's parts. */
export function headerPrefixHash(verifier: Verifier, header: EntryHeader): Uint8Array {
  return hash(verifier, "prefix", encodeHeaderPrefix(header));
}

/** @throws EntryError `BAD_TYPE` */
export function parseEntryType(value: number): EntryType {
  switch (value) {
    case entryType.founding:
    case entryType.statement:
    case entryType.change:
      return value;
    default:
      throw new EntryError("BAD_TYPE", `entry type ${value}`);
  }
}

function checkHeader(header: EntryHeader): void {
  parseEntryType(header.type);
  // A field of another length would shift its neighbours: two headers could then share one encoding.
  parseDatabaseId(header.database);
  parseWriterKey(header.writer);
  parseEntryId(header.prev);
  parseSalt(header.salt);
  checkPosition(header);
}

function checkPosition({ type, seq, prev }: EntryHeader): void {
  if (!Number.isSafeInteger(seq) || seq < 0)
    throw new EntryError("BAD_POSITION", "seq is not an unsigned safe integer");
  if ((seq === 0) !== equalBytes(prev, ZERO_ENTRY_ID)) {
    throw new EntryError("BAD_POSITION", "prev is zero at seq 0, and nowhere else");
  }
  if (type === entryType.founding && seq !== 0) throw new EntryError("BAD_POSITION", "a founding entry has seq 0");
}
