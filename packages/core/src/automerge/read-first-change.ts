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

/** An object of the document, and where it belongs: at `key` of `parent`. */
interface Place {
  readonly parent: MadeMap | MadeList | null;
  readonly key: string | number;
}

interface MadeMap extends Place {
  readonly kind: "map";
  readonly map: Record<string, Value>;
  lastKey: string | null;
  /** Whether every key came after the one before it. */
  ascending: boolean;
}

interface MadeList extends Place {
  readonly kind: "list";
  readonly list: Value[];
  /** Counter of the last element; 0 before the first. */
  last: number;
}

interface MadeText extends Place {
  readonly kind: "text";
  /** The front of the text, and where the rest of it lies in the bytes: the letters of a text mostly lie together. */
  text: string;
  start: number;
  end: number;
  last: number;
}

type Made = MadeMap | MadeList | MadeText;

/**
 * The data of a document that has this one change, which passed the gate: equal to what Automerge gives. Null when the change does more
 * than create, or holds a value that Automerge gives as an object of its own (a counter, a text that cannot be edited): then ask Automerge.
 */
export function readFirstChange(change: ChangeChunk): object | null {
  if (change.deps.length > 0 || change.startOp !== 1) return null;
  const { bytes } = change;
  const root = madeMap(null, "");
  const objects = new Map<number, Made>([[0, root]]);
  const op = emptyOp();
  let counterOfObject = 0;
  let object: Made | undefined = root;
  reader.open(opSourceOf(change));
  for (let counter = 1; counter <= change.opCount; counter++) {
    reader.next(op);
    if (op.objectCounter !== counterOfObject) {
      counterOfObject = op.objectCounter;
      object = objects.get(counterOfObject);
    }
    if (object === undefined || op.predCount > 0) return null;
    if (object.kind === "text") {
      if (!addLetter(op, counter, object, bytes)) return null;
      counter += reader.passLetters(op, counter);
      object.last = counter;
      object.end = op.valueEnd;
      continue;
    }
    const place = object.kind === "map" ? placeInMap(op, object) : placeInList(op, counter, object);
    if (place === null) return null;
    if (isMake(op.action)) objects.set(counter, makeObject(op.action, place));
    else {
      const value = op.action === action.set ? scalarOf(op, bytes) : undefined;
      if (value === undefined) return null;
      put(place, value);
    }
  }
  // An object is made after the one it lies in.
  for (const made of [...objects.values()].reverse()) put(made, finished(made, bytes));
  return inOrder(root);
}

/** A new key of a map; null when it is there already. */
function placeInMap({ keyText }: Op, map: MadeMap): Place | null {
  const key = keyText ?? "";
  if (Object.hasOwn(map.map, key)) return null;
  map.ascending &&= map.lastKey === null || compareAsUtf8(map.lastKey, key) < 0;
  map.lastKey = key;
  map.map[key] = null;
  return { parent: map, key };
}

/** The end of a list; null for anything but an insertion there. */
function placeInList(op: Op, counter: number, list: MadeList): Place | null {
  if (op.keyCounter !== list.last || !op.insert) return null;
  list.last = counter;
  return { parent: list, key: list.list.push(null) - 1 };
}

function addLetter(op: Op, counter: number, text: MadeText, bytes: Uint8Array): boolean {
  if (op.keyCounter !== text.last || !op.insert) return false;
  if (op.action !== action.set || op.valueType !== valueType.text) return false;
  text.last = counter;
  if (op.valueStart !== text.end) {
    text.text += decodeText(bytes, text.start, text.end);
    text.start = op.valueStart;
  }
  text.end = op.valueEnd;
  return true;
}

function makeObject(code: number, { parent, key }: Place): Made {
  if (code === action.makeMap) return madeMap(parent, key);
  if (code === action.makeList) return { kind: "list", list: [], last: 0, parent, key };
  return { kind: "text", text: "", start: 0, end: 0, last: 0, parent, key };
}

function madeMap(parent: Place["parent"], key: Place["key"]): MadeMap {
  return { kind: "map", map: {}, lastKey: null, ascending: true, parent, key };
}

function put({ parent, key }: Place, value: Value): void {
  if (parent?.kind === "map") parent.map[key] = value;
  else if (parent !== null) parent.list[Number(key)] = value;
}

function finished(object: Made, bytes: Uint8Array): Value {
  if (object.kind === "map") return inOrder(object);
  return object.kind === "list" ? object.list : object.text + decodeText(bytes, object.start, object.end);
}

/** The keys as Automerge has them, whatever order their operations have. */
function inOrder({ map, ascending }: MadeMap): { [key: string]: Value } {
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
