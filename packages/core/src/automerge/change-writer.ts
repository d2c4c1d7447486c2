import { BytePool } from "../byte-pool.ts";
import { ByteSink } from "./byte-sink.ts";
import {
  type ChangeChunk,
  type ChangeHeader,
  changeMagic,
  changeType,
  checksumLength,
  countOps,
  type Sha256,
} from "./change-chunk.ts";
import { type ColumnTable, columnOrder } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import type { WrittenColumns } from "./op-writer.ts";
import { encodeText } from "./text.ts";

/** Columns that stand in other bytes already, or were just written. */
export type ColumnSource =
  | { readonly type: "table"; readonly table: ColumnTable; readonly opCount: number }
  | { readonly type: "written"; readonly columns: WrittenColumns };

/** What is made here is kept for as long as its document. */
const chunks = new BytePool();
const body = new ByteSink(1024);
const front = new ByteSink(16);
const lengths = new Int32Array(columnOrder.length);

/**
 * The change with these fields, whose actors and dependencies are in order: what `parseChange` reads from its bytes.
 *
 * @throws ChangeError `CHANGE_TOO_LARGE`, `CHANGE_MALFORMED` (seq or startOp 0)
 */
export function writeChange(header: ChangeHeader, source: ColumnSource, sha256: Sha256): ChangeChunk {
  const { deps, actor, seq, startOp, time, message, otherActors } = header;
  if (seq === 0 || startOp === 0) throw new ChangeError("CHANGE_MALFORMED", "seq and startOp count from 1");
  body.clear();
  writeHeader(header);
  writeColumns(source, measureColumns(source));
  front.clear();
  front.byte(changeType);
  front.unsigned(body.length);
  const offset = changeMagic.length + checksumLength;
  const size = offset + front.length + body.length;
  if (size > changeLimits.bytes) throw new ChangeError("CHANGE_TOO_LARGE", `more than ${changeLimits.bytes} bytes`);
  const bytes = chunks.take(size);
  bytes.set(changeMagic);
  front.copyTo(bytes, offset);
  body.copyTo(bytes, offset + front.length);
  const hash = sha256(bytes.subarray(offset));
  for (let i = 0; i < checksumLength; i++) bytes[changeMagic.length + i] = hash[i] ?? 0;
  const columns = lastColumns(bytes);
  const opCount = source.type === "table" ? source.opCount : countOps(columns);
  const maxOp = startOp + opCount - 1;
  return { bytes, hash, deps, actor, seq, startOp, maxOp, opCount, time, message, otherActors, columns };
}

function writeHeader(header: ChangeHeader): void {
  body.unsigned(header.deps.length);
  for (const dep of header.deps) body.append(dep);
  writeActor(header.actor);
  body.unsigned(header.seq);
  body.unsigned(header.startOp);
  body.signed(header.time);
  if (header.message === "") body.byte(0);
  else {
    const message = encodeText(header.message);
    body.unsigned(message.length);
    body.append(message);
  }
  body.unsigned(header.otherActors.length);
  for (const actor of header.otherActors) writeActor(actor);
}

function writeActor(actor: Uint8Array): void {
  body.unsigned(actor.length);
  body.append(actor);
}

/** @returns how many there are */
function measureColumns(source: ColumnSource): number {
  let count = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length =
      source.type === "written"
        ? (source.columns[i]?.length ?? 0)
        : (source.table.starts[i + 1] ?? 0) - (source.table.starts[i] ?? 0);
    lengths[i] = length;
    if (length > 0) count++;
  }
  return count;
}

function writeColumns(source: ColumnSource, count: number): void {
  body.unsigned(count);
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i] ?? 0;
    if (length === 0) continue;
    body.unsigned(columnOrder[i] ?? 0);
    body.unsigned(length);
  }
  if (source.type === "written") for (const column of source.columns) body.appendSink(column);
  else body.appendRange(source.table.bytes, source.table.starts[0] ?? 0, source.table.starts[columnOrder.length] ?? 0);
}

/** The columns that were measured, which stand at the end of the bytes. */
function lastColumns(bytes: Uint8Array): ColumnTable {
  const starts = new Int32Array(lengths.length + 1);
  starts[lengths.length] = bytes.length;
  for (let i = lengths.length - 1; i >= 0; i--) starts[i] = (starts[i + 1] ?? 0) - (lengths[i] ?? 0);
  return { bytes, starts };
}
