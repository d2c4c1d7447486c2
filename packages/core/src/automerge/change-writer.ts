import { ByteSink } from "./byte-sink.ts";
import { type ChangeHeader, changeMagic, changeType, checksumLength, type Sha256 } from "./change-chunk.ts";
import { type ColumnTable, columnOrder } from "./change-columns.ts";
import type { WrittenColumns } from "./op-writer.ts";
import { encodeText } from "./text.ts";

/** Columns that stand in other bytes already, or were just written. */
export type ColumnSource =
  | { readonly type: "table"; readonly table: ColumnTable }
  | { readonly type: "written"; readonly columns: WrittenColumns };

const body = new ByteSink(1024);
const front = new ByteSink(16);

/** The chunk of a change and its hash. */
export function writeChange(
  header: ChangeHeader,
  columns: ColumnSource,
  sha256: Sha256,
): { readonly bytes: Uint8Array; readonly hash: Uint8Array } {
  body.clear();
  writeHeader(header);
  writeColumns(columns);
  front.clear();
  front.byte(changeType);
  front.unsigned(body.length);
  const offset = changeMagic.length + checksumLength;
  const bytes = new Uint8Array(offset + front.length + body.length);
  bytes.set(front.view(), offset);
  bytes.set(body.view(), offset + front.length);
  const hash = sha256(bytes.subarray(offset));
  bytes.set(changeMagic);
  bytes.set(hash.subarray(0, checksumLength), changeMagic.length);
  return { bytes, hash };
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

function writeColumns(source: ColumnSource): void {
  let count = 0;
  for (let i = 0; i < columnOrder.length; i++) if (lengthOf(source, i) > 0) count++;
  body.unsigned(count);
  for (let i = 0; i < columnOrder.length; i++) {
    const length = lengthOf(source, i);
    if (length === 0) continue;
    body.unsigned(columnOrder[i] ?? 0);
    body.unsigned(length);
  }
  if (source.type === "written") for (const column of source.columns) body.appendSink(column);
  else body.appendRange(source.table.bytes, source.table.starts[0] ?? 0, source.table.starts[columnOrder.length] ?? 0);
}

function lengthOf(source: ColumnSource, index: number): number {
  if (source.type === "written") return source.columns[index]?.length ?? 0;
  const { starts } = source.table;
  return (starts[index + 1] ?? 0) - (starts[index] ?? 0);
}
