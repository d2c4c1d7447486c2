// What the operations of a change refer to: the object, the element or key, and the predecessors.
//
// SECURITY: Automerge 3.5 checks none of this when it applies a change. A reference to an object or element that is not there makes
// it panic; a predecessor that is not there, or that has another key, is lost by `save()`, and the document can never be loaded
// again. A reference to an operation that is there but not among the dependencies would do so on some replicas only. Tests:
// op-references.test.ts, one per rule.
import type { ChangeChunk } from "./change-chunk.ts";
import { ChangeError } from "./change-error.ts";
import { changeLimits } from "./change-limits.ts";
import { action, emptyOp, isMake, type Op } from "./change-op.ts";
import { type Clock, DocumentHistory } from "./document-history.ts";
import { MarkOrder } from "./mark-order.ts";
import { noRow } from "./op-index.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";

/** Reading is synchronous and never calls back, so one reader serves all: making one costs more than reading a small change. */
const reader = new OpReader("places");
const op = emptyOp();

/**
 * Reads all operations of a change, checks them and adds them to `history.ops`. When it throws, rows may have been added: the caller
 * rolls back.
 *
 * @throws ChangeError
 */
export function addOps(history: DocumentHistory, change: ChangeChunk, clock: Clock): void {
  reader.open(opSourceOf(change));
  const resolver = new Resolver(history, change, clock);
  let marks: MarkOrder | null = null;
  for (let i = 0; i < change.opCount; i++) {
    reader.next(op);
    addOp(history, resolver);
    if (op.action === action.mark) marks ??= new MarkOrder(history, resolver.firstRow);
    marks?.follow(op, resolver.firstRow + i);
    // Of what the next letters of a text refer to there is nothing to ask: the object is the same, the element is the letter before.
    const letters = reader.passLetters(op, change.startOp + i);
    history.ops.addAlike(letters);
    resolver.rows += letters;
    i += letters;
  }
  reader.finish();
  marks?.finish();
}

function addOp(history: DocumentHistory, resolver: Resolver): void {
  const { ops } = history;
  const row = ops.count;
  const object = resolver.objectOf(op);
  if (isMake(op.action) && object !== noRow && ops.levelOf(object) + 1 >= changeLimits.depth)
    throw new ChangeError("CHANGE_TOO_DEEP", `more than ${changeLimits.depth} levels`);
  const key = op.keyText === null ? elementOf(history, resolver, object) : keyOf(history, resolver);
  for (let i = 0; i < op.predCount; i++) {
    const pred = resolver.rowOf(op.predActors[i] ?? 0, op.predCounters[i] ?? 0);
    checkPred(history, pred, object, key);
  }
  if (op.action === action.mark && resolver.objectKind !== action.makeText)
    throw new ChangeError("CHANGE_BAD_MARK", "a mark is not in a text");
  ops.add(op.action, op.insert, object, key);
  resolver.rows = row + 1;
}

/** Number of a map key. */
function keyOf({ ops }: DocumentHistory, { bytes, objectKind }: Resolver): number {
  if (objectKind !== action.makeMap) throw badReference("a list has no such key");
  return ops.keys.add(bytes, op.keyStart, op.keyEnd);
}

/** Row of the element that an operation changes, or comes after. */
function elementOf(history: DocumentHistory, resolver: Resolver, object: number): number {
  const { ops } = history;
  if (resolver.objectKind === action.makeMap) throw badReference("a map has no elements");
  if (op.keyCounter === 0) return noRow;
  const element = resolver.rowOf(op.keyActor, op.keyCounter);
  if (!ops.isInsert(element) || ops.objectOf(element) !== object)
    throw badReference("the element is in another object");
  if (!op.insert && ops.actionOf(element) === action.mark) throw badReference("the element is a mark");
  return element;
}

/** A predecessor is a value at the same place of the same object. */
function checkPred(history: DocumentHistory, pred: number, object: number, key: number): void {
  const { ops } = history;
  const code = ops.actionOf(pred);
  if (code !== action.set && !isMake(code)) throw badReference("a predecessor is not a value");
  if (ops.objectOf(pred) !== object) throw badReference("a predecessor is in another object");
  const place = ops.isInsert(pred) ? pred : ops.keyOf(pred);
  const isThere = op.keyText === null ? place === key : ops.keys.same(place, key);
  if (!isThere) throw badReference("a predecessor is at another place");
}

const none: readonly number[] = [];

type Referring = Pick<ChangeChunk, "actor" | "bytes" | "otherActors" | "startOp">;

/** Finds operations by the ids that a change uses. */
class Resolver {
  /** There is always one: V8 drops the code that it compiled for a class when a full collection finds no object of it. */
  static readonly none: Resolver = new Resolver(
    new DocumentHistory(),
    { actor: new Uint8Array(), bytes: new Uint8Array(), otherActors: [], startOp: 1 },
    null,
  );

  readonly firstRow: number;
  /** How many rows there are: an operation refers to earlier ones only. */
  rows: number;
  /** The action that made the object of the operation looked at last: it is mostly that of the next, too. */
  objectKind: number = action.makeMap;
  #object = noRow;
  readonly #history: DocumentHistory;
  readonly #change: Referring;
  readonly #clock: Clock;
  /** The number of the author in the document; -1 when this is its first change. */
  readonly #author: number;
  /** The numbers of the other actors. */
  readonly #others: readonly number[];

  constructor(history: DocumentHistory, change: Referring, clock: Clock) {
    this.firstRow = history.ops.count;
    this.rows = this.firstRow;
    this.#history = history;
    this.#change = change;
    this.#clock = clock;
    this.#author = history.actorOf(change.actor);
    this.#others = change.otherActors.length === 0 ? none : change.otherActors.map((actor) => history.actorOf(actor));
  }

  /** The bytes of the change. */
  get bytes(): Uint8Array {
    return this.#change.bytes;
  }

  /** Row of the object that an operation is in. */
  objectOf({ objectActor, objectCounter }: Op): number {
    const object = objectCounter === 0 ? noRow : this.rowOf(objectActor, objectCounter);
    if (object === this.#object) return object;
    const kind = object === noRow ? action.makeMap : this.#history.ops.actionOf(object);
    if (!isMake(kind)) throw badReference("the object is not one");
    this.#object = object;
    this.objectKind = kind;
    return object;
  }

  rowOf(actor: number, counter: number): number {
    const { startOp } = this.#change;
    const row =
      actor === 0 && counter >= startOp
        ? this.firstRow + counter - startOp
        : this.#history.rowOf(this.#clock, actor === 0 ? this.#author : (this.#others[actor - 1] ?? -1), counter);
    if (row < 0 || row >= this.rows) throw badReference("an operation is unknown");
    return row;
  }
}

function badReference(message: string): ChangeError {
  return new ChangeError("CHANGE_BAD_REFERENCE", message);
}
