// Reads the operations of a change from its columns, one at a time: a change of a few bytes may hold many thousands.
import { compareBytes } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";
import { type ColumnSpec, type ColumnTable, column, columnEnd, columnStart } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import { action, checkOp, type Op } from "./change-op.ts";
import { valueType } from "./change-value.ts";
import {
  BooleanReader,
  type ColumnReader,
  DeltaReader,
  NumberReader,
  PlaceReader,
  TextReader,
} from "./column-reader.ts";
import { asciiLength, decodeText } from "./text.ts";

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

/**
 * Reads and checks the operations of one change after the other: `open`, `next` as often as the change has operations, `finish`. All
 * throw ChangeError.
 */
export class OpReader {
  readonly #objectActor = new NumberReader();
  readonly #objectCounter = new NumberReader();
  readonly #keyActor = new NumberReader();
  readonly #keyCounter = new DeltaReader();
  readonly #keyText = new PlaceReader();
  readonly #insert = new BooleanReader();
  readonly #action = new NumberReader();
  readonly #valueMeta = new NumberReader();
  readonly #predCount = new NumberReader();
  readonly #predActor = new NumberReader();
  readonly #predCounter = new DeltaReader();
  readonly #expand = new BooleanReader();
  readonly #markName = new TextReader();
  readonly #readers: readonly { readonly reader: ColumnReader; readonly spec: ColumnSpec }[] = [
    { reader: this.#objectActor, spec: column.objectActor },
    { reader: this.#objectCounter, spec: column.objectCounter },
    { reader: this.#keyActor, spec: column.keyActor },
    { reader: this.#keyCounter, spec: column.keyCounter },
    { reader: this.#keyText, spec: column.keyText },
    { reader: this.#insert, spec: column.insert },
    { reader: this.#action, spec: column.action },
    { reader: this.#valueMeta, spec: column.valueMeta },
    { reader: this.#predCount, spec: column.predCount },
    { reader: this.#predActor, spec: column.predActor },
    { reader: this.#predCounter, spec: column.predCounter },
    { reader: this.#expand, spec: column.expand },
    { reader: this.#markName, spec: column.markName },
  ];
  readonly #actorUsed: boolean[] = [];
  readonly #keys: "texts" | "places";
  #source: OpSource = noOps;
  #valuePosition = 0;
  #valueEnd = 0;
  #predTotal = 0;
  #expanded = false;
  /** The key that was decoded last, and where it starts. */
  #text = "";
  #textStart = -1;

  /** @param keys whether keys are decoded: who only compares them saves that */
  constructor(keys: "texts" | "places" = "texts") {
    this.#keys = keys;
  }

  /** Starts at the first operation. */
  open(source: OpSource): void {
    const { columns } = source;
    this.#source = source;
    for (const { reader, spec } of this.#readers) {
      const start = columnStart(columns, spec);
      const end = columnEnd(columns, spec);
      if (start < end || reader.present) reader.open(columns.bytes, start, end); // most columns are there as seldom as in the change before
    }
    this.#actorUsed.length = 0;
    this.#valuePosition = columnStart(columns, column.value);
    this.#valueEnd = columnEnd(columns, column.value);
    this.#predTotal = 0;
    this.#expanded = false;
    this.#textStart = -1;
  }

  /** Fills in the next operation and checks what it alone decides. */
  next(op: Op): void {
    if (!this.#insert.present) throw malformed();
    this.#readObject(op);
    this.#readKey(op);
    op.insert = this.#insert.next();
    op.action = given(this.#action);
    this.#readValue(op);
    this.#readPreds(op);
    op.expand = this.#expand.next();
    this.#expanded ||= op.expand;
    op.markName = this.#markName.next();
    checkOp(op, this.#source.columns.bytes);
  }

  /**
   * Steps over the letters that follow on the operation that was read last, whose counter is `counter`, when that is one: letters of one
   * byte each, inserted by the author right after the one before. Mostly that is the rest of a text, in the time of one operation.
   * INVARIANT: `next` would accept each of them, and give it with the next counters and the next byte. Test: op-reader.test.ts.
   * @returns how many; `op` is the last of them
   */
  passLetters(op: Op, counter: number): number {
    if (op.action !== action.set || op.valueType !== valueType.text || op.valueEnd - op.valueStart !== 1) return 0;
    // The first letter comes after the head of the text: so the columns of keys and actors go on alike from the second.
    const isNext = op.insert && op.keyCounter > 0 && op.keyCounter === counter - 1 && op.keyActor === 0;
    if (!isNext || this.#keyCounter.step !== 1) return 0;
    const alike = Math.min(
      this.#valueMeta.alike,
      this.#keyCounter.alike,
      this.#keyActor.alike,
      this.#objectActor.alike,
      this.#objectCounter.alike,
      this.#keyText.alike,
      this.#insert.alike,
      this.#action.alike,
      this.#predCount.alike,
      this.#expand.alike,
      this.#markName.alike,
    );
    const start = this.#valuePosition;
    const letters = asciiLength(this.#source.columns.bytes, start, Math.min(start + alike, this.#valueEnd));
    if (letters === 0) return 0;
    this.#valueMeta.pass(letters);
    this.#keyCounter.pass(letters);
    this.#keyActor.pass(letters);
    this.#objectActor.pass(letters);
    this.#objectCounter.pass(letters);
    this.#keyText.pass(letters);
    this.#insert.pass(letters);
    this.#action.pass(letters);
    this.#predCount.pass(letters);
    this.#expand.pass(letters);
    this.#markName.pass(letters);
    this.#valuePosition += letters;
    op.keyCounter += letters;
    op.valueStart += letters;
    op.valueEnd += letters;
    return letters;
  }

  /** Throws unless all columns end here and all actors were named. */
  finish(): void {
    const complete =
      this.#objectActor.complete &&
      this.#objectCounter.complete &&
      this.#keyActor.complete &&
      this.#keyCounter.complete &&
      this.#keyText.complete &&
      this.#insert.complete &&
      this.#action.complete &&
      this.#valueMeta.complete &&
      this.#predCount.complete &&
      this.#predActor.complete &&
      this.#predCounter.complete &&
      this.#expand.complete &&
      this.#markName.complete;
    if (!complete || this.#valuePosition !== this.#valueEnd)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "a column has rows left over");
    if (this.#expand.present && !this.#expanded)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "no mark expands, but the column is there");
    for (let i = 1; i < this.#source.actorCount; i++)
      if (this.#actorUsed[i] !== true) throw new ChangeError("CHANGE_NOT_CANONICAL", "an actor is never named");
  }

  #readObject(op: Op): void {
    const counter = this.#objectCounter.next();
    const actor = this.#objectActor.next();
    if ((actor === null) !== (counter === null) || counter === 0) throw malformed();
    op.objectActor = actor === null ? 0 : this.#useActor(actor);
    op.objectCounter = counter ?? 0;
  }

  #readKey(op: Op): void {
    const start = this.#keyText.next();
    const counter = this.#keyCounter.next();
    const actor = this.#keyActor.next();
    if ((start === null) === (counter === null)) throw malformed();
    // The head of a list has counter 0 and no actor.
    if ((actor === null) !== (counter === null || counter === 0)) throw malformed();
    op.keyText = start === null ? null : this.#textAt(start);
    op.keyStart = start ?? 0;
    op.keyEnd = start === null ? 0 : this.#keyText.textEnd;
    op.keyActor = actor === null ? 0 : this.#useActor(actor);
    op.keyCounter = counter ?? 0;
  }

  /** The key that starts here: for a run of one key it is decoded once. */
  #textAt(start: number): string {
    if (this.#keys === "places") return "";
    if (start !== this.#textStart) this.#text = decodeText(this.#source.columns.bytes, start, this.#keyText.textEnd);
    this.#textStart = start;
    return this.#text;
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
      const counter = this.#predCounter.next();
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
    if (actor > 0) this.#actorUsed[actor] = true;
    return actor;
  }
}

const noOps: OpSource = {
  columns: { bytes: new Uint8Array(), starts: new Int32Array() },
  opCount: 0,
  actorCount: 1,
  authorRank: 0,
};

function given(reader: NumberReader): number {
  const value = reader.next();
  if (value === null) throw malformed();
  return value;
}

function malformed(): ChangeError {
  return new ChangeError("CHANGE_MALFORMED", "the columns do not agree");
}
