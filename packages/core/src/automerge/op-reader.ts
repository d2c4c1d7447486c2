// Reads the operations of a change from its columns, one at a time: a change of a few bytes may hold many thousands.
import { compareBytes } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";
import { type ColumnSpec, type ColumnTable, column, columnRange } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import { checkOp, type Op } from "./change-op.ts";
import { BooleanReader, DeltaReader, NumberReader, TextReader } from "./column-reader.ts";

/** Columns of operations and what is needed to read them. */
export interface OpSource {
  readonly columns: ColumnTable;
  readonly opCount: number;
  /** The author and the other actors. */
  readonly actorCount: number;
  /** How many of the other actors come before the author in the order of their bytes. */
  readonly authorRank: number;
}

/** The operations of one change. */
export function opSourceOf(change: Pick<ChangeChunk, "columns" | "opCount" | "actor" | "otherActors">): OpSource {
  const { columns, opCount, actor, otherActors } = change;
  let authorRank = 0;
  for (const other of otherActors) if (compareBytes(other, actor) < 0) authorRank++;
  return { columns, opCount, actorCount: otherActors.length + 1, authorRank };
}

/** Reads and checks operations in order. Throws ChangeError; after the last one, `finish` checks that nothing is left over. */
export class OpReader {
  readonly #source: OpSource;
  readonly #bytes: Uint8Array;
  readonly #objectActor: NumberReader | null;
  readonly #objectCounter: NumberReader | null;
  readonly #keyActor: NumberReader | null;
  readonly #keyCounter: DeltaReader | null;
  readonly #keyText: TextReader | null;
  readonly #insert: BooleanReader | null;
  readonly #action: NumberReader | null;
  readonly #valueMeta: NumberReader | null;
  readonly #predCount: NumberReader | null;
  readonly #predActor: NumberReader | null;
  readonly #predCounter: DeltaReader | null;
  readonly #expand: BooleanReader | null;
  readonly #markName: TextReader | null;
  readonly #actorUsed: Uint8Array | null;
  readonly #valueEnd: number;
  #valuePosition: number;
  #predTotal = 0;
  #expanded = false;

  constructor(source: OpSource) {
    const { columns } = source;
    this.#source = source;
    this.#bytes = columns.bytes;
    this.#objectActor = openColumn(columns, column.objectActor, NumberReader);
    this.#objectCounter = openColumn(columns, column.objectCounter, NumberReader);
    this.#keyActor = openColumn(columns, column.keyActor, NumberReader);
    this.#keyCounter = openColumn(columns, column.keyCounter, DeltaReader);
    this.#keyText = openColumn(columns, column.keyText, TextReader);
    this.#insert = openColumn(columns, column.insert, BooleanReader);
    this.#action = openColumn(columns, column.action, NumberReader);
    this.#valueMeta = openColumn(columns, column.valueMeta, NumberReader);
    this.#predCount = openColumn(columns, column.predCount, NumberReader);
    this.#predActor = openColumn(columns, column.predActor, NumberReader);
    this.#predCounter = openColumn(columns, column.predCounter, DeltaReader);
    this.#expand = openColumn(columns, column.expand, BooleanReader);
    this.#markName = openColumn(columns, column.markName, TextReader);
    this.#actorUsed = source.actorCount > 1 ? new Uint8Array(source.actorCount) : null;
    [this.#valuePosition, this.#valueEnd] = columnRange(columns, column.value);
  }

  /** Fills in the next operation and checks what it alone decides. */
  next(op: Op): void {
    this.#readObject(op);
    this.#readKey(op);
    op.insert = required(this.#insert).next();
    op.action = given(this.#action);
    this.#readValue(op);
    this.#readPreds(op);
    op.expand = this.#expand?.next() ?? false;
    this.#expanded ||= op.expand;
    op.markName = this.#markName?.next() ?? null;
    checkOp(op, this.#bytes);
  }

  /** Throws unless all columns end here and all actors were named. */
  finish(): void {
    const left = [
      this.#objectActor,
      this.#objectCounter,
      this.#keyActor,
      this.#keyCounter,
      this.#keyText,
      this.#insert,
      this.#action,
      this.#valueMeta,
      this.#predCount,
      this.#predActor,
      this.#predCounter,
      this.#expand,
      this.#markName,
    ].some((reader) => reader !== null && !reader.complete);
    if (left || this.#valuePosition !== this.#valueEnd)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "a column has rows left over");
    if (this.#expand !== null && !this.#expanded)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "no mark expands, but the column is there");
    for (let i = 1; i < this.#source.actorCount; i++)
      if (this.#actorUsed?.[i] !== 1) throw new ChangeError("CHANGE_NOT_CANONICAL", "an actor is never named");
  }

  #readObject(op: Op): void {
    const counter = this.#objectCounter?.next() ?? null;
    const actor = this.#objectActor?.next() ?? null;
    if ((actor === null) !== (counter === null) || counter === 0) throw malformed();
    op.objectActor = actor === null ? 0 : this.#useActor(actor);
    op.objectCounter = counter ?? 0;
  }

  #readKey(op: Op): void {
    const text = this.#keyText?.next() ?? null;
    const counter = this.#keyCounter?.next() ?? null;
    const actor = this.#keyActor?.next() ?? null;
    if ((text === null) === (counter === null)) throw malformed();
    // The head of a list has counter 0 and no actor.
    if ((actor === null) !== (counter === null || counter === 0)) throw malformed();
    op.keyText = text;
    op.keyActor = actor === null ? 0 : this.#useActor(actor);
    op.keyCounter = counter ?? 0;
  }

  #readValue(op: Op): void {
    const meta = given(this.#valueMeta);
    const length = Math.floor(meta / 16);
    if (length > this.#valueEnd - this.#valuePosition) throw malformed();
    op.valueType = meta % 16;
    op.valueStart = this.#valuePosition;
    this.#valuePosition += length;
    op.valueEnd = this.#valuePosition;
  }

  #readPreds(op: Op): void {
    const count = given(this.#predCount);
    op.predCount = count;
    if (count === 0) return;
    this.#predTotal += count;
    if (this.#predTotal > changeLimits.preds) throw new ChangeError("CHANGE_TOO_LARGE", "too many predecessors");
    for (let i = 0; i < count; i++) {
      const actor = this.#useActor(given(this.#predActor));
      const counter = required(this.#predCounter).next();
      if (counter === null || counter === 0) throw malformed();
      op.predActors[i] = actor;
      op.predCounters[i] = counter;
      if (i > 0 && !this.#ascends(op, i))
        throw new ChangeError("CHANGE_NOT_CANONICAL", "predecessors are out of order");
    }
  }

  #ascends(op: Op, i: number): boolean {
    const difference = (op.predCounters[i] ?? 0) - (op.predCounters[i - 1] ?? 0);
    return (
      difference > 0 || (difference === 0 && this.#rank(op.predActors[i] ?? 0) > this.#rank(op.predActors[i - 1] ?? 0))
    );
  }

  /** Place of an actor in the order of the actors' bytes. */
  #rank(actor: number): number {
    const { authorRank } = this.#source;
    if (actor === 0) return authorRank;
    return actor <= authorRank ? actor - 1 : actor;
  }

  #useActor(actor: number): number {
    if (actor >= this.#source.actorCount) throw new ChangeError("CHANGE_MALFORMED", "an actor index is out of range");
    if (this.#actorUsed !== null) this.#actorUsed[actor] = 1;
    return actor;
  }
}

function openColumn<R>(
  columns: ColumnTable,
  spec: ColumnSpec,
  Reader: new (bytes: Uint8Array, start: number, end: number) => R,
): R | null {
  const [start, end] = columnRange(columns, spec);
  return start === end ? null : new Reader(columns.bytes, start, end);
}

function required<R>(reader: R | null): R {
  if (reader === null) throw malformed();
  return reader;
}

function given(reader: NumberReader | null): number {
  const value = required(reader).next();
  if (value === null) throw malformed();
  return value;
}

function malformed(): ChangeError {
  return new ChangeError("CHANGE_MALFORMED", "the columns do not agree");
}
