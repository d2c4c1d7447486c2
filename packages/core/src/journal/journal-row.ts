import type { EntryId, WriterKey } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { ChangeKind, Replacement } from "../sealing/change-part.ts";
import type { DocumentPlace } from "../sealing/document-id.ts";

/** One local change, as made: durable at once, part of an entry at the next flush. */
export interface JournalRow extends DocumentPlace {
  /** The incarnation it was made under: its Automerge actor follows from this key. */
  readonly writer: WriterKey;
  /** The directory heads the change was made at. */
  readonly frontier: readonly EntryId[];
  readonly kind: ChangeKind;
  /** The document's counter when this writer created it. */
  readonly counter: number | null;
  /** Claimed wall time in ms since the epoch. */
  readonly time: number;
  /** What it was made anew from; not for most. */
  readonly replaces?: readonly Replacement[];
  /** It is of one transaction with the row before it, and so of one entry. */
  readonly withLast?: true;
  /** The Automerge change chunk. */
  readonly change: Uint8Array;
  /** The same, parsed, once the gate has seen it; not for a row that was read back. */
  chunk?: ChangeChunk;
}

/**
 * What is left of the rows of a batch when each becomes another, or null for those that go.
 * INVARIANT: a row is with the last one only where that is of its transaction. Test: journal.test.ts "... of which the first goes".
 */
export function rowsLeft(rows: readonly JournalRow[], becomes: (row: JournalRow) => JournalRow | null): JournalRow[] {
  const left: JournalRow[] = [];
  let isBegun = false;
  for (const row of rows) {
    isBegun &&= row.withLast === true;
    const next = becomes(row);
    if (next === null) continue;
    const { withLast, ...alone } = next;
    left.push(isBegun || withLast === undefined ? next : alone);
    isBegun = true;
  }
  return left;
}
