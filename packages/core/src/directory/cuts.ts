// Cuts: where the chains of a revoked device end, database by database.
import {
  ByteReader,
  ByteWriter,
  compareBytes,
  type DatabaseId,
  type EntryId,
  parseDatabaseId,
  parseEntryId,
  parseSignature,
  parseWriterKey,
  type Signature,
  type WriterKey,
} from "@selkie/entry";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";

/** The last entry of a chain that counts. Its signature covers the chain up to it, so a cut is a proof by itself. */
interface Cut {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly id: EntryId;
  readonly signature: Signature;
}

/** The cuts of one database. */
export interface DatabaseCuts {
  readonly database: DatabaseId;
  /** Strictly ascending by writer. */
  readonly cuts: readonly Cut[];
}

/** Writer 32, seq 8, entry id 32, signature 64. */
const cutBytes = 136;
/** Cuts of one statement: with their padding they leave room for 64 permits in the entry. */
export const maxCuts = 6_144;

/** `[[database id, rows] …]`, ascending by database. */
export function cutsField(databases: readonly DatabaseCuts[]): CborValue {
  return databases.map(({ database, cuts }) => {
    const writer = new ByteWriter(cutBytes * cuts.length);
    for (const { writer: key, seq, id, signature } of cuts) writer.bytes(key).u64(seq).bytes(id).bytes(signature);
    return [database, writer.finish()];
  });
}

/** @throws CoreError `STATEMENT_MALFORMED` */
export function readCuts(fields: CborFields): readonly DatabaseCuts[] {
  const databases: DatabaseCuts[] = [];
  let total = 0;
  for (const item of fields.list(maxCuts)) {
    const pair = new CborFields(item, "STATEMENT_MALFORMED");
    const database = parseDatabaseId(pair.bytes(32));
    const cuts = readRows(pair.bytes({ max: cutBytes * maxCuts }));
    pair.end();
    const before = databases.at(-1);
    if (before !== undefined && compareBytes(before.database, database) >= 0) throw malformed("databases ascend");
    total += cuts.length;
    databases.push({ database, cuts });
  }
  if (total > maxCuts) throw malformed(`${total} cuts`);
  return databases;
}

function readRows(rows: Uint8Array): readonly Cut[] {
  if (rows.length === 0 || rows.length % cutBytes !== 0) throw malformed("rows of cuts are incomplete");
  const reader = new ByteReader(rows);
  const cuts: Cut[] = [];
  while (reader.remaining > 0) {
    const writer = parseWriterKey(reader.bytes(32).slice());
    const seq = readSeq(reader);
    const id = parseEntryId(reader.bytes(32).slice());
    const signature = parseSignature(reader.bytes(64).slice());
    const before = cuts.at(-1);
    if (before !== undefined && compareBytes(before.writer, writer) >= 0) throw malformed("writers ascend");
    cuts.push({ writer, seq, id, signature });
  }
  return cuts;
}

function readSeq(reader: ByteReader): number {
  const [high, low] = [reader.u32(), reader.u32()];
  if (high > 0x1f_ffff) throw malformed("a seq is at most 2^53 - 1");
  return high * 0x1_0000_0000 + low;
}

const malformed = (message: string): CoreError => new CoreError("STATEMENT_MALFORMED", message);
