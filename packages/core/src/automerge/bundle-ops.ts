// The operations of a bundle as columns. Two things make typing small: what an operation looks like is a number of a short table, and
// where the cursor stands is foretold.
import type { ByteCursor } from "./byte-cursor.ts";
import { ByteSink } from "./byte-sink.ts";
import { ChangeError } from "./change-error.ts";
import { action, type Op } from "./change-op.ts";
import { BooleanReader, type ColumnReader, DeltaReader, NumberReader, TextReader } from "./column-reader.ts";
import { BooleanWriter, DeltaWriter, NumberWriter, TextWriter } from "./column-writer.ts";
import type { PartBudget } from "./part-work.ts";

/** What an operation looks like, apart from what it refers to. */
interface Shape {
  readonly insert: boolean;
  readonly expand: boolean;
  readonly action: number;
  readonly valueMeta: number;
  /** 0: none; 1: just the element that is its key; n: n - 1 others. */
  readonly preds: number;
}

const insertBit = 1;
const expandBit = 2;
const actionScale = 4;

/**
 * Foretells the element that the next operation of a typist refers to: the letter just typed, or, after a deletion, the one that the
 * deleted letter came after.
 */
class TypingCursor {
  actor = 0;
  counter = 0;
  /** By counter of an own insertion: what it came after. */
  readonly #before = new Map<number, readonly [actor: number, counter: number]>();

  /** Whether the operation is where it was foretold. */
  foretells(op: Op): boolean {
    return op.keyCounter === this.counter && (op.keyActor === this.actor || op.keyCounter === 0);
  }

  /** Moves on after an operation at an element; `counter` is that of its own id. */
  follow(op: Op, counter: number): void {
    if (op.insert) {
      this.#before.set(counter, [op.keyActor, op.keyCounter]);
      [this.actor, this.counter] = [0, counter];
    } else if (op.action === action.del) {
      const known = op.keyActor === 0 ? this.#before.get(op.keyCounter) : undefined;
      [this.actor, this.counter] = known ?? [op.keyActor, op.keyCounter - 1];
    } else [this.actor, this.counter] = [op.keyActor, op.keyCounter];
  }
}

/** Writes operations: `add` for each, then `finish`. */
export class BundleOpWriter {
  readonly #objectActor = new NumberWriter();
  readonly #objectCounter = new NumberWriter();
  readonly #keyText = new TextWriter();
  readonly #foretold = new BooleanWriter();
  readonly #keyActor = new NumberWriter();
  readonly #keyCounter = new DeltaWriter();
  readonly #shape = new NumberWriter();
  readonly #predActor = new NumberWriter();
  readonly #predCounter = new DeltaWriter();
  readonly #markName = new TextWriter();
  readonly #value = new ByteSink();
  readonly #shapes = new Map<string, number>();
  readonly #shapeTable = new ByteSink();
  readonly #typing = new TypingCursor();

  /** `counter` is that of the operation's own id; `bytes` hold its value. */
  add(op: Op, counter: number, bytes: Uint8Array): void {
    this.#objectActor.add(op.objectActor);
    this.#objectCounter.add(op.objectCounter);
    this.#keyText.add(op.keyText);
    if (op.keyText === null) this.#addElement(op, counter);
    const preds = predsOf(op);
    this.#shape.add(this.#shapeNumber(op, preds));
    for (let i = 0; preds > 1 && i < op.predCount; i++) {
      this.#predActor.add(op.predActors[i] ?? 0);
      this.#predCounter.add(op.predCounters[i] ?? 0);
    }
    this.#markName.add(op.markName);
    this.#value.appendRange(bytes, op.valueStart, op.valueEnd);
  }

  finish(sink: ByteSink): void {
    sink.unsigned(this.#shapes.size);
    sink.appendSink(this.#shapeTable);
    const columns = [
      this.#objectActor,
      this.#objectCounter,
      this.#keyText,
      this.#foretold,
      this.#keyActor,
      this.#keyCounter,
      this.#shape,
      this.#predActor,
      this.#predCounter,
      this.#markName,
    ];
    const finished = columns.map((column) => column.finish());
    for (const data of finished) sink.unsigned(data.length);
    for (const data of finished) sink.appendSink(data);
    sink.appendSink(this.#value);
  }

  #addElement(op: Op, counter: number): void {
    const foretold = this.#typing.foretells(op);
    this.#foretold.add(foretold);
    if (!foretold) {
      this.#keyActor.add(op.keyActor);
      this.#keyCounter.add(op.keyCounter);
    }
    this.#typing.follow(op, counter);
  }

  #shapeNumber(op: Op, preds: number): number {
    const front = op.action * actionScale + (op.insert ? insertBit : 0) + (op.expand ? expandBit : 0);
    const meta = (op.valueEnd - op.valueStart) * 16 + op.valueType;
    const key = `${front} ${meta} ${preds}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    for (const number of [front, meta, preds]) this.#shapeTable.unsigned(number);
    const number = this.#shapes.size;
    this.#shapes.set(key, number);
    return number;
  }
}

function predsOf(op: Op): number {
  const isElement =
    op.predCount === 1 &&
    op.keyText === null &&
    op.predActors[0] === op.keyActor &&
    op.predCounters[0] === op.keyCounter;
  return op.predCount === 0 ? 0 : isElement ? 1 : op.predCount + 1;
}

/**
 * Reads operations as `BundleOpWriter` wrote them. Whether they make sense is for the gate to say, which sees the rebuilt changes;
 * here it only matters that nothing is read or expanded beyond its bounds. Throws ChangeError.
 */
export class BundleOpReader {
  readonly #objectActor = new NumberReader();
  readonly #objectCounter = new NumberReader();
  readonly #keyText = new TextReader();
  readonly #foretold = new BooleanReader();
  readonly #keyActor = new NumberReader();
  readonly #keyCounter = new DeltaReader();
  readonly #shape = new NumberReader();
  readonly #predActor = new NumberReader();
  readonly #predCounter = new DeltaReader();
  readonly #markName = new TextReader();
  readonly #columns: readonly (ColumnReader & { readonly complete: boolean })[] = [
    this.#objectActor,
    this.#objectCounter,
    this.#keyText,
    this.#foretold,
    this.#keyActor,
    this.#keyCounter,
    this.#shape,
    this.#predActor,
    this.#predCounter,
    this.#markName,
  ];
  readonly #shapes: readonly Shape[];
  readonly #values: ByteCursor;
  readonly #actorCount: number;
  readonly #typing = new TypingCursor();
  readonly #budget: PartBudget;

  /** Starts at the first operation; the bytes of the cursor are those of all values. */
  constructor(cursor: ByteCursor, actorCount: number, budget: PartBudget) {
    this.#actorCount = actorCount;
    this.#budget = budget;
    this.#shapes = readShapes(cursor);
    const lengths = this.#columns.map(() => cursor.unsigned());
    for (const [index, column] of this.#columns.entries()) {
      const start = cursor.skip(lengths[index] ?? 0);
      column.open(cursor.bytes, start, cursor.position);
    }
    this.#values = cursor;
  }

  /** Fills in the next operation; `counter` is that of its own id. */
  next(op: Op, counter: number): void {
    const shape = this.#shapes[given(this.#shape)];
    if (shape === undefined) throw malformed();
    op.objectActor = this.#actor(given(this.#objectActor));
    op.objectCounter = given(this.#objectCounter);
    op.insert = shape.insert;
    op.expand = shape.expand;
    op.action = shape.action;
    op.valueType = shape.valueMeta % 16;
    op.valueStart = this.#values.skip(Math.floor(shape.valueMeta / 16));
    op.valueEnd = this.#values.position;
    op.keyText = this.#keyText.next();
    op.keyActor = 0;
    op.keyCounter = 0;
    if (op.keyText === null) this.#readElement(op, counter);
    this.#readPreds(op, shape.preds);
    op.markName = this.#markName.next();
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.#columns.some((column) => !column.complete) || !this.#values.done)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "a bundle has rows left over");
  }

  #readElement(op: Op, counter: number): void {
    if (this.#foretold.next()) {
      op.keyActor = this.#typing.actor;
      op.keyCounter = this.#typing.counter;
    } else {
      op.keyActor = this.#actor(given(this.#keyActor));
      op.keyCounter = given(this.#keyCounter);
    }
    this.#typing.follow(op, counter);
  }

  #readPreds(op: Op, preds: number): void {
    op.predCount = preds > 1 ? preds - 1 : preds;
    if (op.predCount > 0) this.#budget.spendWork(0, 0, op.predCount);
    for (let i = 0; i < op.predCount; i++) {
      op.predActors[i] = preds === 1 ? op.keyActor : this.#actor(given(this.#predActor));
      op.predCounters[i] = preds === 1 ? op.keyCounter : given(this.#predCounter);
    }
  }

  #actor(actor: number): number {
    if (actor >= this.#actorCount) throw malformed();
    return actor;
  }
}

function readShapes(cursor: ByteCursor): readonly Shape[] {
  const shapes: Shape[] = [];
  for (let count = cursor.unsigned(); count > 0; count--) {
    const front = cursor.unsigned();
    shapes.push({
      insert: (front & insertBit) !== 0,
      expand: (front & expandBit) !== 0,
      action: Math.floor(front / actionScale),
      valueMeta: cursor.unsigned(),
      preds: cursor.unsigned(),
    });
  }
  return shapes;
}

function given(reader: NumberReader | DeltaReader): number {
  const value = reader.next();
  if (value === null) throw malformed();
  return value;
}

function malformed(): ChangeError {
  return new ChangeError("CHANGE_MALFORMED", "the columns of a bundle do not agree");
}
