// Codec 2, "bundle": many changes of one writer in one document, as columns. Typing is one operation a change, and next to nothing of
// it differs from the one before. `docs/spec/change.md` section 5 has the layout, ADR 9 why it is not Automerge's `saveBundle`.
import { compareBytes, toHex } from "@selkie/entry";
import { BundleOpReader, BundleOpWriter } from "./bundle-ops.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { ByteSink } from "./byte-sink.ts";
import { type ChangeChunk, type ChangeHeader, readAscending, readHash } from "./change-chunk.ts";
import { ChangeError } from "./change-error.ts";
import { actorLength, changeLimits } from "./change-limits.ts";
import { emptyOp, type Op } from "./change-op.ts";
import { writeChange } from "./change-writer.ts";
import { BooleanReader, type ColumnReader, DeltaReader, NumberReader, TextReader } from "./column-reader.ts";
import { BooleanWriter, DeltaWriter, NumberWriter, TextWriter } from "./column-writer.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";
import { OpWriter } from "./op-writer.ts";
import { follows } from "./packed-changes.ts";
import type { Rebuilding } from "./part-work.ts";

const reader = new OpReader();
const writer = new OpWriter();

/**
 * Bundles changes that passed the gate, all by one actor of one document, in their order. Null when they are fewer than two, too many
 * for one bundle, or hold what a bundle has no room for: then pack them.
 */
export function bundleChanges(changes: readonly ChangeChunk[]): Uint8Array | null {
  const [first] = changes;
  if (first === undefined || !canBundle(changes)) return null;
  const sink = new ByteSink(1024);
  sink.unsigned(changes.length);
  sink.unsigned(first.seq);
  writeChangeColumns(sink, changes);
  const actors = otherActorsOf(changes);
  sink.unsigned(actors.length);
  for (const actor of actors) sink.append(actor);
  writeOps(sink, changes, actors);
  return sink.toBytes();
}

/**
 * The changes in a bundle.
 *
 * @throws ChangeError
 */
export function unbundleChanges(payload: Uint8Array, { actor, budget, sha256 }: Rebuilding): readonly ChangeChunk[] {
  const cursor = new ByteCursor(payload);
  const count = cursor.unsigned();
  if (count < 2 || count > changeLimits.changesInPart)
    throw new ChangeError("CHANGE_TOO_LARGE", "a bundle has 2 to 2,000 changes");
  const firstSeq = cursor.unsigned();
  const rows = readChangeColumns(cursor, count);
  const actors = readAscending(cursor, (from) => from.take(actorLength));
  const opCount = rows.reduce((sum, row) => sum + row.opCount, 0);
  if (opCount > changeLimits.ops) throw new ChangeError("CHANGE_TOO_LARGE", "a bundle of too many operations");
  budget.spendWork(count, opCount, 0);
  const reader = new BundleOpReader(cursor, actors.length + 1, budget);
  const changes: ChangeChunk[] = [];
  const ops: Op[] = [];
  for (const [index, row] of rows.entries()) {
    const before = changes.at(-1);
    const where = placeOf(row, before);
    for (let i = 0; i < row.opCount; i++) {
      const op = ops[i] ?? emptyOp();
      ops[i] = op;
      reader.next(op, where.startOp + i);
    }
    const otherActors = writeOwn(ops, row.opCount, payload, actors);
    const header = { ...where, actor, seq: firstSeq + index, time: row.time, message: row.message, otherActors };
    const change = writeChange(header, { type: "written", columns: writer.finish() }, sha256);
    budget.spendPlaces(change);
    budget.spendBytes(change.bytes);
    changes.push(change);
  }
  reader.finish();
  return changes;
}

function placeOf(row: ChangeRow, before: ChangeChunk | undefined): Pick<ChangeHeader, "deps" | "startOp"> {
  if (row.deps !== null) return { deps: row.deps, startOp: row.startOp };
  if (before === undefined) throw new ChangeError("CHANGE_MALFORMED", "a change follows nothing");
  return { deps: [before.hash], startOp: before.maxOp + 1 };
}

function canBundle(changes: readonly ChangeChunk[]): boolean {
  let ops = 0;
  let bytes = 0;
  for (const [index, change] of changes.entries()) {
    ops += change.opCount;
    bytes += change.bytes.length;
    if (change.time < 0 || change.seq !== (changes[0]?.seq ?? 0) + index) return false;
  }
  const { changesInPart, partBytes } = changeLimits;
  return changes.length >= 2 && changes.length <= changesInPart && ops <= changeLimits.ops && bytes <= partBytes;
}

/** What is not an operation: how each change follows the one before, where it does not, and how many operations it has. */
function writeChangeColumns(sink: ByteSink, changes: readonly ChangeChunk[]): void {
  const [linked, opCounts, times, messages] = [
    new BooleanWriter(),
    new NumberWriter(),
    new DeltaWriter(),
    new TextWriter(),
  ];
  const given = new ByteSink(64);
  let before: ChangeChunk | undefined;
  for (const change of changes) {
    const isLinked = before !== undefined && follows(change, before);
    linked.add(isLinked);
    opCounts.add(change.opCount);
    times.add(change.time);
    messages.add(change.message === "" ? null : change.message);
    if (!isLinked) {
      given.unsigned(change.deps.length);
      for (const dep of change.deps) given.append(dep);
      given.unsigned(change.startOp);
    }
    before = change;
  }
  for (const column of [linked, opCounts, times, messages]) {
    const data = column.finish();
    sink.unsigned(data.length);
    sink.appendSink(data);
  }
  sink.appendSink(given);
}

interface ChangeRow {
  /** Null when the change follows the one before. */
  readonly deps: readonly Uint8Array[] | null;
  readonly startOp: number;
  readonly opCount: number;
  readonly time: number;
  readonly message: string;
}

function readChangeColumns(cursor: ByteCursor, count: number): readonly ChangeRow[] {
  const [linked, opCounts, times, messages] = [
    new BooleanReader(),
    new NumberReader(),
    new DeltaReader(),
    new TextReader(),
  ];
  for (const column of [linked, opCounts, times, messages] satisfies readonly ColumnReader[]) {
    const length = cursor.unsigned();
    const start = cursor.skip(length);
    column.open(cursor.bytes, start, start + length);
  }
  const rows: ChangeRow[] = [];
  for (let i = 0; i < count; i++) {
    const isLinked = linked.next();
    const opCount = opCounts.next();
    const time = times.next();
    const message = messages.next();
    if (opCount === null || time === null || message === "" || !linked.present)
      throw new ChangeError("CHANGE_MALFORMED", "the columns of a bundle do not agree");
    const deps = isLinked ? null : readAscending(cursor, readHash);
    rows.push({ deps, startOp: isLinked ? 0 : cursor.unsigned(), opCount, time, message: message ?? "" });
  }
  if (!linked.complete || !opCounts.complete || !times.complete || !messages.complete)
    throw new ChangeError("CHANGE_NOT_CANONICAL", "a column of a bundle has rows left over");
  return rows;
}

function otherActorsOf(changes: readonly ChangeChunk[]): readonly Uint8Array[] {
  const actors = new Map<string, Uint8Array>();
  for (const { otherActors } of changes) for (const actor of otherActors) actors.set(toHex(actor), actor);
  return [...actors.values()].sort(compareBytes);
}

function writeOps(sink: ByteSink, changes: readonly ChangeChunk[], actors: readonly Uint8Array[]): void {
  const numbers = new Map(actors.map((actor, index) => [toHex(actor), index + 1]));
  const bundle = new BundleOpWriter();
  const op = emptyOp();
  for (const change of changes) {
    const mapped = [0, ...change.otherActors.map((actor) => numbers.get(toHex(actor)) ?? 0)];
    reader.open(opSourceOf(change));
    for (let i = 0; i < change.opCount; i++) {
      reader.next(op);
      mapActors(op, mapped);
      bundle.add(op, change.startOp + i, change.bytes);
    }
  }
  bundle.finish(sink);
}

/** Writes the operations of one change into `writer` and gives the actors that they name: the change's own table. */
function writeOwn(
  ops: readonly Op[],
  count: number,
  bytes: Uint8Array,
  actors: readonly Uint8Array[],
): readonly Uint8Array[] {
  const used = new Set<number>();
  for (let i = 0; actors.length > 0 && i < count; i++) noteActors(ops[i], used);
  used.delete(0);
  const named = [...used].sort((a, b) => a - b);
  const mapped = [0];
  for (const [index, actor] of named.entries()) mapped[actor] = index + 1;
  writer.clear();
  for (let i = 0; i < count; i++) {
    const op = ops[i];
    if (op === undefined) continue;
    if (named.length > 0) mapActors(op, mapped);
    writer.add(op, bytes);
  }
  return named.flatMap((actor) => actors[actor - 1] ?? []);
}

function noteActors(op: Op | undefined, used: Set<number>): void {
  if (op === undefined) return;
  used.add(op.objectActor);
  used.add(op.keyActor);
  for (let i = 0; i < op.predCount; i++) used.add(op.predActors[i] ?? 0);
}

function mapActors(op: Op, mapped: readonly number[]): void {
  op.objectActor = mapped[op.objectActor] ?? 0;
  op.keyActor = mapped[op.keyActor] ?? 0;
  for (let i = 0; i < op.predCount; i++) op.predActors[i] = mapped[op.predActors[i] ?? 0] ?? 0;
}
