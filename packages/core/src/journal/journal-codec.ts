// A batch of journal rows as the plaintext of one sealed row. Fixed layouts: every local change goes through here before it is
// acknowledged. What most rows of a batch share is written once.
import { ByteReader, ByteWriter, EntryError, equalBytes, limits, parseEntryId, parseWriterKey } from "@selkie/entry";
import { CoreError } from "../errors.ts";
import { type ChangeKind, readReplaces, writeReplaces } from "../sealing/change-part.ts";
import type { JournalRow } from "./journal-row.ts";

const KINDS: readonly ChangeKind[] = ["create", "change", "delete", "undelete", "manifest"];
const most = { rows: 1_000_000, changeBytes: 2 ** 21 };

/**
 * Bits above the kind: the row names a counter; its writer and key are not those of the row before; it replaces something; it is of one
 * transaction with the row before.
 */
const hasCounter = 8;
const hasOwner = 16;
const hasReplaces = 32;
const isWithLast = 64;

/** The rows of a batch were made at one frontier. */
export function encodeBatch(number: number, rows: readonly JournalRow[]): Uint8Array {
  const frontier = rows[0]?.frontier ?? [];
  const writer = new ByteWriter(64 + 32 * frontier.length + rows.length * 192);
  writer.uleb(number).u8(frontier.length);
  for (const head of frontier) writer.bytes(head);
  writer.uleb(rows.length);
  let before: JournalRow | undefined;
  for (const row of rows) {
    const isOwned = before === undefined || !isSameOwner(before, row);
    const { replaces = [] } = row;
    const bits =
      (row.counter === null ? 0 : hasCounter) | (isOwned ? hasOwner : 0) | (replaces.length === 0 ? 0 : hasReplaces);
    writer.u8(KINDS.indexOf(row.kind) | bits | (row.withLast === true ? isWithLast : 0));
    if (isOwned) writer.bytes(row.writer).bytes(row.keyId);
    writer.bytes(row.stem);
    if (row.counter !== null) writer.uleb(row.counter);
    if (replaces.length > 0) writeReplaces(writer, replaces);
    writer.uleb(row.time).uleb(row.change.length).bytes(row.change);
    before = row;
  }
  return writer.view(); // nothing else is written
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeBatch(bytes: Uint8Array): { readonly number: number; readonly rows: readonly JournalRow[] } {
  try {
    const reader = new ByteReader(bytes);
    const number = reader.uleb();
    const rows = readRows(reader);
    reader.end();
    return { number, rows };
  } catch (cause) {
    if (!(cause instanceof EntryError || cause instanceof CoreError)) throw cause;
    throw new CoreError("LOCAL_STATE_DAMAGED", "a batch of the journal is not one", { cause });
  }
}

function readRows(reader: ByteReader): readonly JournalRow[] {
  const heads = reader.u8();
  if (heads > limits.frontier) throw damaged();
  const frontier = Array.from({ length: heads }, () => parseEntryId(reader.bytes(32).slice()));
  const rows: JournalRow[] = [];
  for (let left = reader.uleb(most.rows); left > 0; left--) rows.push(readRow(reader, frontier, rows.at(-1)));
  return rows;
}

function readRow(
  reader: ByteReader,
  frontier: JournalRow["frontier"],
  before: Pick<JournalRow, "writer" | "keyId"> | undefined,
): JournalRow {
  const bits = reader.u8();
  const kind = KINDS[bits & (hasCounter - 1)];
  const owner =
    (bits & hasOwner) === 0
      ? before
      : { writer: parseWriterKey(reader.bytes(32).slice()), keyId: reader.bytes(16).slice() };
  if (kind === undefined || owner === undefined || bits >= 2 * isWithLast) throw damaged();
  const stem = reader.bytes(16).slice();
  const counter = (bits & hasCounter) === 0 ? null : reader.uleb();
  const replaces = (bits & hasReplaces) === 0 ? {} : { replaces: readReplaces(reader) };
  const withLast = (bits & isWithLast) === 0 ? {} : { withLast: true as const };
  const time = reader.uleb();
  const change = reader.bytes(reader.uleb(most.changeBytes)).slice();
  const { writer, keyId } = owner;
  return { writer, keyId, frontier, kind, stem, counter, ...replaces, ...withLast, time, change };
}

const isSameOwner = (a: JournalRow, b: JournalRow): boolean =>
  equalBytes(a.writer, b.writer) && equalBytes(a.keyId, b.keyId);

function damaged(): CoreError {
  return new CoreError("LOCAL_STATE_DAMAGED", "a batch of the journal is not one");
}
