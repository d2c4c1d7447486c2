// The data of a document that has one change, read without Automerge: most documents are only ever listed and shown, and WebAssembly
// takes twenty times as long. `first-change.ts` writes such changes.
import type { ChangeChunk } from "./change-chunk.ts";
import { action, emptyOp, isMake, type Op } from "./change-op.ts";
import { readFloat, readInteger, valueType } from "./change-value.ts";
import { OpReader, opSourceOf } from "./op-reader.ts";
import { compareAsUtf8, decodeText } from "./text.ts";

/** Reading is synchronous and never calls back, so one reader serves all. */
const reader = new OpReader();

/** A value as Automerge gives it, of those that need no class of its own. */
type Value = null | boolean | number | string | Date | Uint8Array | Value[] | { [key: string]: Value };

interface Made {
  readonly kind: "map" | "list" | "text";
  readonly map: Record<string, Value>;
  /** The last key; null before the first. */
  lastKey: string | null;
  /** Whether every key came after the one before it. */
  ascending: boolean;
  readonly list: Value[];
  text: string;
  /** Counter of the last element; 0 before the first. */
  last: number;
  /** Puts the finished object where it belongs. */
  readonly settle: (value: Value) => void;
}

/**
 * The data of a document that has this one change, which passed the gate: equal to what Automerge gives. Null when the change does more
 * than create, or holds a value that Automerge gives as an object of its own (a counter, a text that cannot be edited): then ask Automerge.
 */
export function readFirstChange(change: ChangeChunk): object | null {
  if (change.deps.length > 0 || change.startOp !== 1) return null;
  const root = madeObject("map", () => undefined);
  const objects = new Map([[0, root]]);
  const op = emptyOp();
  reader.open(opSourceOf(change));
  for (let counter = 1; counter <= change.opCount; counter++) {
    reader.next(op);
    const object = objects.get(op.objectCounter);
    if (object === undefined || !place(op, counter, object, objects, change.bytes)) return null;
  }
  for (const object of [...objects.values()].reverse()) object.settle(finished(object));
  return inOrder(root);
}

/** Puts the value of an operation into its object; false when it is more than an addition at the end. */
function place(op: Op, counter: number, object: Made, objects: Map<number, Made>, bytes: Uint8Array): boolean {
  if (op.predCount > 0 || !(isMake(op.action) || op.action === action.set)) return false;
  let settle: (value: Value) => void;
  if (object.kind === "map") {
    const key = op.keyText ?? "";
    if (Object.hasOwn(object.map, key)) return false;
    object.ascending &&= object.lastKey === null || compareAsUtf8(object.lastKey, key) < 0;
    object.lastKey = key;
    object.map[key] = null;
    settle = (value) => {
      object.map[key] = value;
    };
  } else {
    if (op.keyCounter !== object.last || !op.insert) return false;
    object.last = counter;
    if (object.kind === "text") return addLetter(op, object, bytes);
    const index = object.list.push(null) - 1;
    settle = (value) => {
      object.list[index] = value;
    };
  }
  if (isMake(op.action)) {
    objects.set(counter, madeObject(kindOf(op.action), settle));
    return true;
  }
  const value = scalarOf(op, bytes);
  if (value !== undefined) settle(value);
  return value !== undefined;
}

function addLetter(op: Op, object: Made, bytes: Uint8Array): boolean {
  if (op.action !== action.set || op.valueType !== valueType.text) return false;
  object.text += decodeText(bytes, op.valueStart, op.valueEnd);
  return true;
}

function madeObject(kind: Made["kind"], settle: Made["settle"]): Made {
  return { kind, map: {}, lastKey: null, ascending: true, list: [], text: "", last: 0, settle };
}

function kindOf(code: number): Made["kind"] {
  if (code === action.makeMap) return "map";
  return code === action.makeList ? "list" : "text";
}

function finished(object: Made): Value {
  if (object.kind === "map") return inOrder(object);
  return object.kind === "list" ? object.list : object.text;
}

/** The keys as Automerge has them, whatever order their operations have. */
function inOrder({ map, ascending }: Made): { [key: string]: Value } {
  return ascending ? map : Object.fromEntries(Object.entries(map).sort(([a], [b]) => compareAsUtf8(a, b)));
}

/** Undefined when Automerge would wrap it. */
function scalarOf(op: Op, bytes: Uint8Array): Value | undefined {
  const { valueStart: start, valueEnd: end } = op;
  switch (op.valueType) {
    case valueType.null:
      return null;
    case valueType.false:
      return false;
    case valueType.true:
      return true;
    case valueType.int:
      return readInteger(bytes, start, end);
    case valueType.float:
      return readFloat(bytes, start, end);
    case valueType.bytes:
      return bytes.slice(start, end);
    case valueType.timestamp:
      return new Date(readInteger(bytes, start, end));
    default:
      return undefined;
  }
}
