// One operation of a change, and everything about it that it alone decides. What it refers to is checked by `op-references.ts`.
//
// SECURITY: Automerge 3.5 accepts most of what is refused here, and then panics, loses the operation when it saves, or loads
// another document. Tests: change-op.test.ts, one per rule.
import { ChangeError } from "./change-error.ts";
import { checkScalar, valueType } from "./change-value.ts";
import { encodeText } from "./text.ts";

/** What an operation does. Tables (6) exist in the format and are never written. */
export const action = { makeMap: 0, set: 1, makeList: 2, del: 3, makeText: 4, inc: 5, mark: 7 } as const;

/**
 * One operation, filled in anew by each `OpReader.next`. An id is a counter and an actor index (0 = the author of the change, then
 * the other actors). Counter 0 of the object is the root; counter 0 of the key, when `keyText` is null, the head of a list.
 */
export interface Op {
  objectActor: number;
  objectCounter: number;
  /** Empty for every key where an `OpReader` gives keys by their places. */
  keyText: string | null;
  /** Where the key's bytes lie in the bytes of the change, when there is one. */
  keyStart: number;
  keyEnd: number;
  keyActor: number;
  keyCounter: number;
  insert: boolean;
  action: number;
  valueType: number;
  /** Where the value's bytes lie in the bytes of the change. */
  valueStart: number;
  valueEnd: number;
  /** How many of the two arrays below count. */
  predCount: number;
  readonly predActors: number[];
  readonly predCounters: number[];
  expand: boolean;
  markName: string | null;
}

/** An operation to be filled in. */
export function emptyOp(): Op {
  return {
    objectActor: 0,
    objectCounter: 0,
    keyText: null,
    keyStart: 0,
    keyEnd: 0,
    keyActor: 0,
    keyCounter: 0,
    insert: false,
    action: action.set,
    valueType: valueType.null,
    valueStart: 0,
    valueEnd: 0,
    predCount: 0,
    predActors: [],
    predCounters: [],
    expand: false,
    markName: null,
  };
}

/** Whether an action creates a map, list or text. */
export function isMake(code: number): boolean {
  return code === action.makeMap || code === action.makeList || code === action.makeText;
}

/** Throws unless the operation makes sense by itself; `bytes` are those of its change. */
export function checkOp(op: Op, bytes: Uint8Array): void {
  // SECURITY: a map at this key would become the prototype of the object that a reader builds. Test: gate.test.ts "D6 ...".
  if ((op.keyText !== null && isForbidden(bytes, op.keyStart, op.keyEnd)) || op.markName === forbidden)
    throw new ChangeError("CHANGE_FORBIDDEN_KEY", "a key is __proto__");
  if (op.insert ? op.keyText !== null || op.predCount > 0 : op.keyText === null && op.keyCounter === 0)
    throw new ChangeError(
      "CHANGE_BAD_OP",
      "an insertion has a text key or predecessors, or the head of a list is assigned",
    );
  if (op.action !== action.mark && (op.expand || op.markName !== null))
    throw new ChangeError("CHANGE_BAD_OP", "what is not a mark has a mark's columns");
  checkAction(op, bytes);
}

const forbidden = "__proto__";
const forbiddenBytes = encodeText(forbidden);

/** Whether a key, which lies here, is `__proto__`. */
export function isForbidden(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === forbiddenBytes.length && forbiddenBytes.every((byte, i) => bytes[start + i] === byte);
}

function checkAction(op: Op, bytes: Uint8Array): void {
  if (isMake(op.action)) checkNoValue(op);
  else if (op.action === action.set) checkScalar(op.valueType, bytes, op.valueStart, op.valueEnd);
  else if (op.action === action.del) {
    checkOverwrites(op);
    checkNoValue(op);
  } else if (op.action === action.inc) {
    checkOverwrites(op);
    if (op.valueType !== valueType.int) throw new ChangeError("CHANGE_BAD_OP", "an increment is not a whole number");
    checkScalar(op.valueType, bytes, op.valueStart, op.valueEnd);
  } else if (op.action === action.mark) checkMark(op, bytes);
  else throw new ChangeError("CHANGE_BAD_OP", "the action is unknown");
}

function checkNoValue(op: Op): void {
  if (op.valueType !== valueType.null || op.valueStart !== op.valueEnd)
    throw new ChangeError("CHANGE_BAD_OP", "this action takes no value");
}

/** Automerge keeps a deletion and an increment only as successors of what they act on. */
function checkOverwrites(op: Op): void {
  if (op.insert || op.predCount === 0)
    throw new ChangeError("CHANGE_BAD_OP", "a deletion or an increment acts on nothing");
}

/** The beginning of a mark has a name and a value, its end has neither. */
function checkMark(op: Op, bytes: Uint8Array): void {
  if (!op.insert) throw new ChangeError("CHANGE_BAD_MARK", "a mark is not inserted");
  if (op.valueType === valueType.counter) throw new ChangeError("CHANGE_BAD_MARK", "a mark's value is a counter");
  if (op.markName === null) checkNoValue(op);
  else checkScalar(op.valueType, bytes, op.valueStart, op.valueEnd);
}
