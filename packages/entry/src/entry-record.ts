// One entry as it lies in a run or a store: what the header implies is left out (docs/spec/entry.md section 7).
import { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { equalBytes } from "./bytes.ts";
import type { Entry } from "./entry.ts";
import { EntryError } from "./entry-error.ts";
import { type EntryType, entryType, parseEntryType } from "./header.ts";
import {
  type DatabaseId,
  type EntryId,
  type KeyTag,
  parseCiphertext,
  parseKeyTag,
  parseSalt,
  parseSignature,
  type Signature,
  type WriterKey,
} from "./ids.ts";
import { limits } from "./limits.ts";
import { type Part, type PartFrame, type PartKind, partKind, partLength } from "./part.ts";

/** Where an entry stands: the header fields that a record leaves out. */
export interface EntryPlace {
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly seq: number;
  readonly prev: EntryId;
}

const SAME_TABLE = 1;
const SIGNED = 2;
const CONTROL = 4;
const ALL_BITS = SAME_TABLE | SIGNED | CONTROL;
const EXPLICIT_FRAME = 1;
const HOLE = 2;

/** Writes one entry with this signature or none; `table` is the key tags of the record before, which are not repeated. */
export function writeRecord(
  writer: ByteWriter,
  entry: Entry,
  { table, signature }: { readonly table: readonly KeyTag[]; readonly signature: Signature | null },
): void {
  const { header, parts } = entry;
  const isSame = equalTables(entry.table, table);
  writer.u8(header.type);
  writer.u8((isSame ? SAME_TABLE : 0) | (signature === null ? 0 : SIGNED) | (header.control ? CONTROL : 0));
  if (!isSame) {
    writer.u8(entry.table.length);
    for (const tag of entry.table) writer.bytes(tag);
  }
  writer.bytes(header.salt);
  if (signature !== null) writer.bytes(signature);
  writer.uleb(parts.length);
  let before: Part | undefined;
  for (const part of parts) {
    const implied = impliedFrame(before, header, entry.table.length);
    const isExplicit = part.kind !== implied.kind || part.table !== implied.table;
    writer.uleb(partLength(part) * 4 + (part.type === "hole" ? HOLE : 0) + (isExplicit ? EXPLICIT_FRAME : 0));
    if (isExplicit) writer.u8(part.kind).u8(part.table);
    writer.bytes(part.type === "sealed" ? part.ciphertext : part.hash);
    before = part;
  }
}

/**
 * Reads one entry. The parts are views of the input.
 *
 * @throws EntryError whenever the bytes are not exactly what {@link writeRecord} writes for some entry
 */
export function readRecord(reader: ByteReader, at: EntryPlace, before: readonly KeyTag[]): Entry {
  const type = parseEntryType(reader.u8());
  const bits = reader.u8();
  if (bits > ALL_BITS) throw new EntryError("BAD_FLAGS", `record bits ${bits}`);
  const table = (bits & SAME_TABLE) === 0 ? readTable(reader, before) : before;
  const salt = parseSalt(reader.bytes(24));
  const signature = (bits & SIGNED) === 0 ? null : parseSignature(reader.bytes(64));
  const { database, writer, seq, prev } = at;
  const header = { type, control: (bits & CONTROL) !== 0, database, writer, seq, prev, salt };
  const count = reader.uleb(limits.partsPerEntry);
  const parts: Part[] = [];
  for (let i = 0; i < count; i++) {
    parts.push(readPart(reader, impliedFrame(parts.at(-1), header, table.length)));
  }
  return { header, table, parts, signature };
}

function readTable(reader: ByteReader, before: readonly KeyTag[]): readonly KeyTag[] {
  const count = reader.u8();
  if (count > limits.tagsPerEntry) throw new EntryError("TOO_LARGE", `${count} key tags`);
  // Copied: a session remembers the table of each writer, and must not keep whole messages alive by it.
  const tags = new ByteReader(reader.bytes(16 * count).slice());
  const table: KeyTag[] = [];
  while (tags.remaining > 0) table.push(parseKeyTag(tags.bytes(16)));
  if (equalTables(table, before)) throw new EntryError("NOT_MINIMAL", "the key tags of the record before are repeated");
  return table;
}

function readPart(reader: ByteReader, implied: PartFrame): Part {
  const head = reader.uleb(limits.entryBytes * 4 + HOLE + EXPLICIT_FRAME);
  const isExplicit = (head & EXPLICIT_FRAME) !== 0;
  const frame = isExplicit ? { kind: parsePartKind(reader.u8()), table: reader.u8() } : implied;
  if (isExplicit && frame.kind === implied.kind && frame.table === implied.table) {
    throw new EntryError("NOT_MINIMAL", "an implied frame is spelled out");
  }
  const { kind, table } = frame;
  const length = head >>> 2;
  return (head & HOLE) === 0
    ? { type: "sealed", kind, table, ciphertext: parseCiphertext(reader.bytes(length)) }
    : { type: "hole", kind, table, length, hash: reader.bytes(32) };
}

/**
 * The frame a part has unless it says otherwise: that of the part before; at the start the control part the header announces, with
 * the first key tag; at the start or after that control part what this type of entry mostly holds, with the next key tag.
 */
function impliedFrame(
  before: Part | undefined,
  { type, control }: { readonly type: EntryType; readonly control: boolean },
  tags: number,
): PartFrame {
  if (before !== undefined && before.kind !== partKind.control) return before;
  if (before === undefined && control) return { kind: partKind.control, table: 0 };
  const kind = type === entryType.change ? partKind.change : partKind.statement;
  return { kind, table: before !== undefined && tags > 1 ? 1 : 0 };
}

function parsePartKind(value: number): PartKind {
  switch (value) {
    case partKind.change:
    case partKind.control:
    case partKind.permit:
    case partKind.statement:
    case partKind.contents:
      return value;
    default:
      throw new EntryError("BAD_PART", `part kind ${value}`);
  }
}

function equalTables(a: readonly KeyTag[], b: readonly KeyTag[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((tag, index) => equalBytes(tag, b[index] ?? new Uint8Array()));
}
