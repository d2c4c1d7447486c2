// Parses an Automerge change chunk (https://automerge.org/automerge-binary-format-spec, section "Change chunk") without Automerge:
// what a peer sent is judged before Automerge sees it, and a hundred times cheaper than its own decoder.
import { compareBytes } from "@selkie/entry";
import { ByteCursor } from "./byte-cursor.ts";
import { type ColumnTable, column, columnEnd, columnStart, readColumnTable } from "./change-columns.ts";
import { ChangeError } from "./change-error.ts";
import { actorLength, changeHashLength, changeLimits } from "./change-limits.ts";
import { action } from "./change-op.ts";
import { countRows, countRowsOf } from "./column-reader.ts";
import { decodeText } from "./text.ts";

/** SHA-256 of the chunks, joined: `Verifier.sha256` of @selkie/entry. */
export type Sha256 = (...chunks: readonly Uint8Array[]) => Uint8Array;

/** The fields of a change that stand before its operations. */
export interface ChangeHeader {
  /** Hashes of the changes it depends on, ascending, 32 bytes each. */
  readonly deps: readonly Uint8Array[];
  /** 16 bytes. */
  readonly actor: Uint8Array;
  readonly seq: number;
  /** Counter of its first operation. */
  readonly startOp: number;
  /** Seconds since the epoch, as its author claims. */
  readonly time: number;
  readonly message: string;
  /** The other actors its operations name, ascending. Operations name actors by index: 0 is `actor`, then these. */
  readonly otherActors: readonly Uint8Array[];
}

/** A change chunk whose checksum, framing and limits were checked; its operations were counted, not read. */
export interface ChangeChunk extends ChangeHeader {
  /** The whole chunk, as received. */
  readonly bytes: Uint8Array;
  /** SHA-256, 32 bytes. */
  readonly hash: Uint8Array;
  readonly opCount: number;
  /** Counter of its last operation; `startOp - 1` when it has none. */
  readonly maxOp: number;
  readonly columns: ColumnTable;
}

/** First bytes of every chunk; then the checksum, the type and the length. */
export const changeMagic: readonly number[] = [0x85, 0x6f, 0x4a, 0x83];
/** First bytes of the hash. */
export const checksumLength = 4;
/** Type of a chunk that is a change. */
export const changeType = 1;
const compressedType = 2;
/** The hash covers everything from the type on. */
const hashedFrom = changeMagic.length + checksumLength;

/** Hash and dependencies of the change in these bytes, which passed the gate: nothing else of it is read. */
export function linksOf(bytes: Uint8Array, sha256: Sha256): Pick<ChangeChunk, "hash" | "deps"> {
  const cursor = new ByteCursor(bytes, hashedFrom + 1, bytes.length);
  cursor.unsigned(); // its length
  return { hash: sha256(bytes.subarray(hashedFrom)), deps: readAscending(cursor, readHash) };
}

/** How many dependencies the change in these bytes has, which passed the gate. */
export function dependencyCount(bytes: Uint8Array): number {
  const cursor = new ByteCursor(bytes, hashedFrom + 1, bytes.length);
  cursor.unsigned(); // its length
  return cursor.unsigned();
}

/** How many operations the change in these bytes has, which passed the gate, and how many of them make a map, a list or a text. */
export function sizeOf(bytes: Uint8Array): { readonly ops: number; readonly objects: number } {
  const cursor = sizing;
  cursor.move(bytes, hashedFrom + 1);
  cursor.unsigned(); // its length
  cursor.skip(cursor.unsigned() * changeHashLength);
  cursor.skip(cursor.unsigned()); // its actor
  cursor.unsigned(); // seq
  cursor.unsigned(); // startOp
  cursor.signed(); // time
  cursor.skip(cursor.unsigned()); // message
  cursor.skip(cursor.unsigned() * (1 + actorLength));
  let [before, start, length] = [0, 0, 0];
  for (let count = cursor.unsigned(); count > 0; count--) {
    const [spec, bytesOf] = [cursor.unsigned(), cursor.unsigned()];
    if (spec === column.action) [start, length] = [before, bytesOf];
    before += bytesOf;
  }
  start += cursor.position;
  const { rows, those } = countRowsOf(bytes, start, start + length, MAKING);
  return { ops: rows, objects: those };
}

/** Of the operations that make a map, a list or a text, a bit each. */
const MAKING = (1 << action.makeMap) | (1 << action.makeList) | (1 << action.makeText);

/** Used by one call after the other. */
const sizing = new ByteCursor();

/**
 * The change in these bytes.
 *
 * @throws ChangeError `CHANGE_MALFORMED`, `CHANGE_NOT_CANONICAL`, `CHANGE_CHECKSUM`, `CHANGE_COMPRESSED`, `CHANGE_TOO_LARGE`,
 * `CHANGE_BAD_VALUE` (a message that is not UTF-8)
 */
export function parseChange(bytes: Uint8Array, sha256: Sha256): ChangeChunk {
  if (bytes.length > changeLimits.bytes)
    throw new ChangeError("CHANGE_TOO_LARGE", `more than ${changeLimits.bytes} bytes`);
  const cursor = openChunk(bytes);
  const hash = sha256(bytes.subarray(hashedFrom));
  // Automerge's own `applyChanges` does not check this.
  for (let i = 0; i < checksumLength; i++)
    if (bytes[changeMagic.length + i] !== hash[i])
      throw new ChangeError("CHANGE_CHECKSUM", "the checksum does not match");
  const deps = readAscending(cursor, readHash);
  const actor = readActor(cursor);
  const seq = cursor.unsigned();
  const startOp = cursor.unsigned();
  if (seq === 0 || startOp === 0) throw new ChangeError("CHANGE_MALFORMED", "seq and startOp count from 1");
  const time = cursor.signed();
  const message = readMessage(cursor);
  const otherActors = readAscending(cursor, readActor);
  const columns = readColumnTable(cursor);
  // Extra bytes carry Automerge's "author", which Selkie does not use: the signed entry names the author.
  if (!cursor.done) throw new ChangeError("CHANGE_MALFORMED", "bytes follow the columns");
  const opCount = countOps(columns);
  const maxOp = startOp + opCount - 1;
  return { bytes, hash, deps, actor, seq, startOp, maxOp, opCount, time, message, otherActors, columns };
}

/** Counts the operations without expanding them: rows of the action column, which has one value for each. */
export function countOps(columns: ColumnTable): number {
  const start = columnStart(columns, column.action);
  return countRows(columns.bytes, start, columnEnd(columns, column.action), changeLimits.ops);
}

/** Reads magic, type and length; leaves the cursor at the first dependency. */
function openChunk(bytes: Uint8Array): ByteCursor {
  const cursor = new ByteCursor(bytes);
  for (const byte of changeMagic) if (cursor.byte() !== byte) throw new ChangeError("CHANGE_MALFORMED", "not a chunk");
  cursor.skip(checksumLength);
  const type = cursor.byte();
  // SECURITY: 48 KB of a compressed change can become 50 MB. Test: gate-limits.test.ts "D4 ...".
  if (type === compressedType) throw new ChangeError("CHANGE_COMPRESSED", "the change is compressed");
  if (type !== changeType) throw new ChangeError("CHANGE_MALFORMED", "not a change");
  if (cursor.unsigned() !== bytes.length - cursor.position)
    throw new ChangeError("CHANGE_MALFORMED", "the length does not match");
  return cursor;
}

function readMessage(cursor: ByteCursor): string {
  const length = cursor.unsigned();
  const start = cursor.skip(length);
  return length === 0 ? "" : decodeText(cursor.bytes, start, start + length);
}

const none: readonly Uint8Array[] = [];

/** Reads a count and as many byte strings, each greater than the one before. */
export function readAscending(cursor: ByteCursor, read: (cursor: ByteCursor) => Uint8Array): readonly Uint8Array[] {
  const count = cursor.unsigned();
  if (count === 0) return none;
  const items: Uint8Array[] = [];
  let last: Uint8Array | undefined;
  for (let i = 0; i < count; i++) {
    const item = read(cursor);
    if (last !== undefined && compareBytes(last, item) >= 0)
      throw new ChangeError("CHANGE_NOT_CANONICAL", "hashes or actors are out of order");
    items.push(item);
    last = item;
  }
  return items;
}

/** Reads the hash of a change. */
export function readHash(cursor: ByteCursor): Uint8Array {
  return cursor.take(changeHashLength);
}

function readActor(cursor: ByteCursor): Uint8Array {
  if (cursor.unsigned() !== actorLength) throw new ChangeError("CHANGE_MALFORMED", `an actor has ${actorLength} bytes`);
  return cursor.take(actorLength);
}
