// Codec 1, "packed": changes of one writer in one document without what their place implies. Unpacking gives the same bytes again.
// `docs/spec/change.md` section 4 has the layout.
import { equalBytes } from "@selkie/entry";
import { BytePool } from "../byte-pool.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { ByteSink } from "./byte-sink.ts";
import { type ChangeChunk, type ChangeHeader, countOps, readAscending, readHash } from "./change-chunk.ts";
import { type ColumnSpec, type ColumnTable, column, columnOrder, placeColumns } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { actorLength } from "./change-limits.ts";
import { writeChange } from "./change-writer.ts";
import type { Rebuilding } from "./part-work.ts";
import { decodeText, encodeText } from "./text.ts";

/** Bits of the first byte of a packed change; the lowest two say where it stands. */
const flag = { place: 3, time: 4, message: 8, actors: 16, ops: 32, unknown: 0xc0 } as const;

/** Where a change stands: given in full, the first of a document, or right after the change before it in the same part. */
const place = { given: 0, first: 1, next: 2 } as const;

/** Groups of columns that a change with operations may lack, by bit; the others are always there. */
const optionalColumns: readonly (readonly ColumnSpec[])[] = [
  [column.objectActor, column.objectCounter],
  [column.keyActor],
  [column.keyCounter],
  [column.keyText],
  [column.value],
  [column.predActor, column.predCounter],
  [column.expand],
  [column.markName],
];

/** By index of a column, the bit of its group; 0 for those that are always there. */
const optionalBits: Int32Array = Int32Array.from(columnOrder, (spec) => {
  const group = optionalColumns.findIndex((specs) => specs.includes(spec));
  return group < 0 ? 0 : 1 << group;
});

/** Packs changes that passed the gate, all by one actor of one document, in their order. */
export function packChanges(changes: readonly ChangeChunk[]): Uint8Array {
  sink.clear();
  let before: ChangeChunk | undefined;
  for (const change of changes) {
    packChange(sink, change, before);
    before = change;
  }
  return sink.toBytes(payloads);
}

/** Filled and copied out by one call. */
const sink = new ByteSink(256);
const payloads = new BytePool();

/**
 * The changes in a packed payload.
 *
 * @throws ChangeError
 */
export function unpackChanges(payload: Uint8Array, { actor, budget, sha256 }: Rebuilding): readonly ChangeChunk[] {
  cursor.move(payload);
  const changes: ChangeChunk[] = [];
  while (!cursor.done) {
    const { header, columns } = unpackChange(cursor, actor, changes.at(-1));
    const opCount = countOps(columns);
    budget.spendChange({ opCount, columns });
    const change = writeChange(header, { type: "table", table: columns, opCount }, sha256);
    budget.spendBytes(change.bytes);
    changes.push(change);
  }
  return changes;
}

/** Used by one call after the other. */
const cursor = new ByteCursor();

/** Whether a change stands right after another one of the same part: its fields need not be given. */
export function follows(change: ChangeHeader, before: ChangeChunk): boolean {
  const [dep] = change.deps;
  return (
    dep !== undefined &&
    change.deps.length === 1 &&
    change.seq === before.seq + 1 &&
    change.startOp === before.maxOp + 1 &&
    equalBytes(dep, before.hash)
  );
}

function packChange(sink: ByteSink, change: ChangeChunk, before: ChangeChunk | undefined): void {
  const where = placeOf(change, before);
  let flags: number = where;
  if (change.time !== 0) flags |= flag.time;
  if (change.message !== "") flags |= flag.message;
  if (change.otherActors.length > 0) flags |= flag.actors;
  if (change.opCount > 0) flags |= flag.ops;
  sink.byte(flags);
  if (where === place.given) {
    sink.unsigned(change.deps.length);
    for (const dep of change.deps) sink.append(dep);
    sink.unsigned(change.seq);
    sink.unsigned(change.startOp);
  }
  if (change.time !== 0) sink.signed(change.time);
  if (change.message !== "") packBytes(sink, encodeText(change.message));
  if (change.otherActors.length > 0) {
    sink.unsigned(change.otherActors.length);
    for (const actor of change.otherActors) sink.append(actor);
  }
  if (change.opCount > 0) packColumns(sink, change.columns);
}

function placeOf(change: ChangeHeader, before: ChangeChunk | undefined): number {
  if (change.deps.length === 0 && change.seq === 1 && change.startOp === 1) return place.first;
  return before !== undefined && follows(change, before) ? place.next : place.given;
}

function packBytes(sink: ByteSink, bytes: Uint8Array): void {
  sink.unsigned(bytes.length);
  sink.append(bytes);
}

function packColumns(sink: ByteSink, { bytes, starts }: ColumnTable): void {
  let bits = 0;
  for (let i = 0; i < columnOrder.length; i++)
    if ((starts[i + 1] ?? 0) > (starts[i] ?? 0)) bits |= optionalBits[i] ?? 0;
  sink.byte(bits);
  for (let i = 0; i < columnOrder.length; i++)
    if (isGiven(bits, i)) sink.unsigned((starts[i + 1] ?? 0) - (starts[i] ?? 0));
  sink.appendRange(bytes, starts[0] ?? 0, starts[columnOrder.length] ?? 0);
}

/** Whether the length of a column is given, by its index: unless its group is missing. */
function isGiven(bits: number, index: number): boolean {
  const bit = optionalBits[index] ?? 0;
  return bit === 0 || (bits & bit) !== 0;
}

interface Unpacked {
  readonly header: ChangeHeader;
  readonly columns: ColumnTable;
}

function unpackChange(cursor: ByteCursor, actor: Uint8Array, before: ChangeChunk | undefined): Unpacked {
  const flags = cursor.byte();
  if ((flags & flag.unknown) !== 0) throw new ChangeError("CHANGE_MALFORMED", "a flag is unknown");
  const where = unpackPlace(cursor, flags & flag.place, before);
  const time = (flags & flag.time) === 0 ? 0 : cursor.signed();
  const message = (flags & flag.message) === 0 ? "" : unpackText(cursor);
  const otherActors = (flags & flag.actors) === 0 ? [] : readAscending(cursor, (from) => from.take(actorLength));
  const columns = (flags & flag.ops) === 0 ? placeColumns(cursor, noColumns) : unpackColumns(cursor);
  const { deps, seq, startOp } = where;
  const header = { deps, actor, seq, startOp, time, message, otherActors };
  if (wastes(flags, header, before)) throw new ChangeError("CHANGE_NOT_CANONICAL", "a packed change could be shorter");
  return { header, columns };
}

function unpackPlace(
  cursor: ByteCursor,
  where: number,
  before: ChangeChunk | undefined,
): Pick<ChangeHeader, "deps" | "seq" | "startOp"> {
  if (where === place.first) return { deps: [], seq: 1, startOp: 1 };
  if (where === place.given)
    return { deps: readAscending(cursor, readHash), seq: cursor.unsigned(), startOp: cursor.unsigned() };
  // INVARIANT: a dependency is never implied across parts: a part may be purged. Test: change-codec.test.ts.
  if (where !== place.next || before === undefined)
    throw new ChangeError("CHANGE_MALFORMED", "a change follows nothing");
  return { deps: [before.hash], seq: before.seq + 1, startOp: before.maxOp + 1 };
}

/** Whether the flags give what they could imply: every change has one packed form. */
function wastes(flags: number, header: ChangeHeader, before: ChangeChunk | undefined): boolean {
  return (
    placeOf(header, before) !== (flags & flag.place) ||
    ((flags & flag.time) !== 0 && header.time === 0) ||
    ((flags & flag.message) !== 0 && header.message === "") ||
    ((flags & flag.actors) !== 0 && header.otherActors.length === 0)
  );
}

function unpackText(cursor: ByteCursor): string {
  const length = cursor.unsigned();
  const start = cursor.skip(length);
  return decodeText(cursor.bytes, start, start + length);
}

const noColumns = new Int32Array(columnOrder.length);

/** Used and given up by one call. */
const lengths = new Int32Array(columnOrder.length);

function unpackColumns(cursor: ByteCursor): ColumnTable {
  const bits = cursor.byte();
  for (let index = 0; index < lengths.length; index++) {
    lengths[index] = 0;
    if (!isGiven(bits, index)) continue;
    const length = cursor.unsigned();
    if (length === 0) throw new ChangeError("CHANGE_NOT_CANONICAL", "a column is empty");
    if (length > cursor.end - cursor.position) throw new ChangeError("CHANGE_MALFORMED", "a column is too long");
    lengths[index] = length;
  }
  return placeColumns(cursor, lengths);
}
