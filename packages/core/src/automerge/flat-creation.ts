// Recognises the change that creates a record: values and texts in the root map, and nothing else. Nearly all documents begin with one and
// are then only listed, so it is looked at column by column: what stands where follows from few numbers, and a column has one encoding.
//
// SECURITY: this says "it passes" or nothing, never that a change is refused. INVARIANT: whatever it accepts, the gate accepts, which judges
// everything else operation by operation. Test: flat-creation.test.ts "... alike ...".
import { ByteCursor } from "./byte-cursor.ts";
import type { ChangeChunk } from "./change-chunk.ts";
import { type ColumnSpec, type ColumnTable, column, columnEnd, columnStart } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { action, isForbidden } from "./change-op.ts";
import { checkScalar, valueType } from "./change-value.ts";
import { asciiLength, checkText } from "./text.ts";

/** Keys of a record that is looked at here. */
const mostKeys = 64;
/** The metadata of a letter of one byte. */
const letter = 16 + valueType.text;

/** What fits into the tables below. */
const mostNumber = 2 ** 31 - 1;

/** By key: its action, and the metadata of its value. These, and what follows, are used and given up by one call. */
const actions = new Int32Array(mostKeys);
const metas = new Int32Array(mostKeys);
/** By text, in order. */
const textLengths = new Int32Array(mostKeys);
const cursor = new ByteCursor();

/** A column of which the rows of keys are read, and those of letters are all alike. */
interface FirstRows {
  readonly spec: ColumnSpec;
  readonly into: Int32Array;
  readonly ofLetter: number;
}

const actionColumn: FirstRows = { spec: column.action, into: actions, ofLetter: action.set };
const metaColumn: FirstRows = { spec: column.valueMeta, into: metas, ofLetter: letter };

/**
 * Whether a change without dependencies gives keys of the root map values and texts of ASCII letters, and passes the gate. False also for
 * some of those: with a text of one letter, or with many keys.
 */
export function isFlatCreation({ seq, startOp, otherActors, columns, opCount }: ChangeChunk): boolean {
  if (seq !== 1 || startOp !== 1 || otherActors.length > 0) return false;
  try {
    return isFlat(columns, opCount);
  } catch (error) {
    if (error instanceof ChangeError) return false;
    throw error;
  }
}

function isFlat(columns: ColumnTable, opCount: number): boolean {
  if (columnStart(columns, column.predActor) !== columnEnd(columns, column.markName)) return false;
  const keys = countKeys(columns, opCount);
  if (keys === 0) return false;
  const letters = opCount - keys;
  return (
    isInsert(columns, keys, letters) &&
    replacesNothing(columns, opCount) &&
    readFirst(columns, actionColumn, keys, letters) &&
    readFirst(columns, metaColumn, keys, letters) &&
    areValues(columns, keys, letters) &&
    (letters === 0 ? columnStart(columns, column.keyText) === columns.starts[0] : areTexts(columns, keys, letters))
  );
}

/** Moves `cursor` to a column. */
function open(columns: ColumnTable, spec: ColumnSpec): void {
  cursor.move(columns.bytes, columnStart(columns, spec), columnEnd(columns, spec));
}

/** How many keys of the root map are set, when only letters follow; else 0. */
function countKeys(columns: ColumnTable, opCount: number): number {
  const { bytes } = columns;
  open(columns, column.keyText);
  const count = -cursor.signed();
  if (count < 1 || count > mostKeys || count > opCount) return 0;
  let before = 0;
  let beforeEnd = -1;
  for (let i = 0; i < count; i++) {
    const length = cursor.unsigned();
    const start = cursor.skip(length);
    const end = start + length;
    // In their only encoding, two equal keys in a row are a run.
    if (isForbidden(bytes, start, end) || (beforeEnd - before === length && isEqual(bytes, before, start, length)))
      return 0;
    checkText(bytes, start, end);
    before = start;
    beforeEnd = end;
  }
  return isEmpty(opCount - count) && cursor.done ? count : 0;
}

function isEqual(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/** Keys first, and none of them is an insertion; then letters, and each of them is one. */
function isInsert(columns: ColumnTable, keys: number, letters: number): boolean {
  open(columns, column.insert);
  return cursor.unsigned() === keys && (letters === 0 || cursor.unsigned() === letters) && cursor.done;
}

function replacesNothing(columns: ColumnTable, opCount: number): boolean {
  open(columns, column.predCount);
  return isRun(opCount, 0) && cursor.done;
}

/** Whether a run of one value comes next. */
function isRun(rows: number, value: number): boolean {
  return cursor.signed() === (rows === 1 ? -1 : rows) && cursor.unsigned() === value;
}

/** Whether rows without a value come next. */
function isEmpty(rows: number): boolean {
  return rows === 0 || (cursor.signed() === 0 && cursor.unsigned() === rows);
}

/** Reads the rows of keys; false when those of letters are not what they have to be, or the column is not in its only encoding. */
function readFirst(columns: ColumnTable, { spec, into, ofLetter }: FirstRows, keys: number, letters: number): boolean {
  open(columns, spec);
  const all = keys + letters;
  let last = -1;
  let afterLiteral = false;
  for (let row = 0; row < all; ) {
    const count = cursor.signed();
    const isLiteral = count < 0;
    if (count === 0 || count === 1 || (isLiteral && afterLiteral)) return false;
    afterLiteral = isLiteral;
    const runs = isLiteral ? -count : 1;
    const length = isLiteral ? 1 : count;
    for (let run = 0; run < runs; run++) {
      const value = cursor.unsigned();
      const end = row + length;
      if (value === last || value > mostNumber || end > all || (end > keys && value !== ofLetter)) return false;
      for (; row < end && row < keys; row++) into[row] = value;
      last = value;
      row = end;
    }
  }
  return cursor.done;
}

/** Whether the values of the keys are right, and the letters after them of one byte. */
function areValues(columns: ColumnTable, keys: number, letters: number): boolean {
  const { bytes } = columns;
  let position = columnStart(columns, column.value);
  const end = columnEnd(columns, column.value) - letters;
  for (let key = 0; key < keys; key++) {
    const meta = metas[key] ?? 0;
    const start = position;
    position += meta >>> 4;
    if (position > end) return false;
    if (actions[key] === action.set) checkScalar(meta & 15, bytes, start, position);
    else if (actions[key] !== action.makeText || meta !== valueType.null) return false;
  }
  return position === end && asciiLength(bytes, end, end + letters) === letters;
}

/** The letters of one text after those of the other, each inserted after the one before by the change's author. */
function areTexts(columns: ColumnTable, keys: number, letters: number): boolean {
  open(columns, column.objectActor);
  if (!isEmpty(keys) || !isRun(letters, 0) || !cursor.done) return false;
  const texts = readTexts(columns, keys, letters);
  return texts > 0 && areKeyActors(columns, keys, texts) && areKeyCounters(columns, keys, texts);
}

/** Reads how long the texts are. @returns how many there are; 0 when not all letters are in texts of more than one that were just made */
function readTexts(columns: ColumnTable, keys: number, letters: number): number {
  open(columns, column.objectCounter);
  if (!isEmpty(keys)) return 0;
  let texts = 0;
  let last = 0;
  let left = letters;
  while (!cursor.done) {
    const length = cursor.signed();
    const object = cursor.unsigned();
    if (length < 2 || object <= last || object > keys || actions[object - 1] !== action.makeText) return 0;
    textLengths[texts++] = length;
    last = object;
    left -= length;
  }
  return left === 0 ? texts : 0;
}

/** The head of a text has no actor; all letters have the author. */
function areKeyActors(columns: ColumnTable, keys: number, texts: number): boolean {
  open(columns, column.keyActor);
  for (let text = 0; text < texts; text++)
    if (!isEmpty(text === 0 ? keys + 1 : 1) || !isRun((textLengths[text] ?? 0) - 1, 0)) return false;
  return cursor.done;
}

/** The first letter comes after the head, 0, the second after the first, and so on: each number is the difference to the one before. */
function areKeyCounters(columns: ColumnTable, keys: number, texts: number): boolean {
  open(columns, column.keyCounter);
  if (!isEmpty(keys)) return false;
  let first = keys + 1;
  let before = 0;
  /** Numbers that are still to come in a run of unlike ones. */
  let unlike = 0;
  for (let text = 0; text < texts; text++) {
    const length = textLengths[text] ?? 0;
    const steps = length - 2;
    // A single step is no run, and stands with the numbers around it.
    const numbers = steps === 1 ? 3 : 2;
    if (unlike === 0) unlike = -cursor.signed();
    if (unlike < numbers) return false;
    if (cursor.signed() !== -before || cursor.signed() !== first) return false;
    if (steps === 1 && cursor.signed() !== 1) return false;
    unlike -= numbers;
    if (steps > 1 && (unlike !== 0 || !isRun(steps, 1))) return false;
    // What comes next is unlike, too, so it stands in the same run.
    if (steps < 2 && text < texts - 1 && unlike === 0) return false;
    before = first + length - 2;
    first += length;
  }
  return unlike === 0 && cursor.done;
}
