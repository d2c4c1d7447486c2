// Runs: consecutive entries of one writer, the unit that is sent, verified and stored.
import { equalBytes } from "./bytes.ts";
import { type Entry, entrySize, type IdentifiedEntry, isIdentified } from "./entry.ts";
import { EntryError } from "./entry-error.ts";
import { entryType } from "./header.ts";
import type { DatabaseId, EntryId, WriterKey } from "./ids.ts";
import { limits } from "./limits.ts";

/** Consecutive entries of one writer in one database, not verified. */
export interface Run<E extends Entry = Entry> {
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  /** seq of the first entry. */
  readonly firstSeq: number;
  /** Id of the entry before the first one. */
  readonly prev: EntryId;
  /** At least one. */
  readonly entries: readonly E[];
}

/** How much one read may return: entries, and their declared size in bytes. */
export interface ReadLimit {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * The run these entries form, as far as their headers tell; whether they link is {@link checkRun}'s business.
 *
 * @throws EntryError `BAD_RUN` when there is no entry
 */
export function runOf<E extends Entry>(entries: readonly E[]): Run<E> {
  const header = entries[0]?.header;
  if (header === undefined) throw new EntryError("BAD_RUN", "a run has at least one entry");
  return { database: header.database, writer: header.writer, firstSeq: header.seq, prev: header.prev, entries };
}

/** Declared size of a run in bytes: see `entrySize`. */
export function runSize(run: Run): number {
  let size = 0;
  for (const entry of run.entries) size += entrySize(entry);
  return size;
}

/**
 * The longest prefix of consecutive entries that may be sent or kept: it ends at the last signed entry within the limits, else at
 * the first signed one, and is empty when none is signed. Reads no further than it must.
 *
 * INVARIANT: whoever stored a signed entry can serve it: what lies between two signed entries was accepted as part of one run.
 * Test: run.test.ts "A batch ...".
 */
export function cutRun<E extends Entry>(entries: Iterable<E>, limit: ReadLimit): readonly E[] {
  // A longer run would be refused by whoever receives it.
  const maxEntries = Math.min(limit.entries, limits.runEntries);
  const maxBytes = Math.min(limit.bytes, limits.runBytes);
  const read: E[] = [];
  let signed = 0;
  let size = 0;
  for (const entry of entries) {
    size += entrySize(entry);
    const isWithin = read.length < maxEntries && size <= maxBytes;
    if (!isWithin && signed > 0) break;
    read.push(entry);
    if (entry.signature === null) continue;
    signed = read.length;
    if (!isWithin || read.length === maxEntries || isFounding(entry)) break;
  }
  return read.slice(0, signed);
}

/**
 * Whether a relay takes it for what a tenant is registered with, by its own signature: a receiver keeps of a run the last one only.
 * INVARIANT: everybody holds it (packages/sim/test/registering-elsewhere.test.ts).
 */
const isFounding = ({ header }: Entry): boolean => header.type === entryType.founding;

/**
 * Checks that a run is one: identified entries of one writer and database, each linking to the one before, within the limits.
 *
 * @throws EntryError `BAD_RUN`, `TOO_LARGE`, `NOT_IDENTIFIED`
 */
export function checkRun(run: Run<IdentifiedEntry>): void {
  const { entries } = run;
  if (entries.length === 0) throw new EntryError("BAD_RUN", "a run has at least one entry");
  if (entries.length > limits.runEntries) throw new EntryError("TOO_LARGE", `a run of ${entries.length} entries`);
  let prev = run.prev;
  let seq = run.firstSeq;
  let size = 0;
  for (const entry of entries) {
    if (!isIdentified(entry)) throw new EntryError("NOT_IDENTIFIED", "an entry did not come out of identifyEntry");
    const { header } = entry;
    const links = header.seq === seq && equalBytes(header.prev, prev);
    const belongs = equalBytes(header.writer, run.writer) && equalBytes(header.database, run.database);
    if (!links || !belongs) throw new EntryError("BAD_RUN", `the entry due at seq ${seq} is another one`);
    size += entrySize(entry);
    prev = entry.id;
    seq += 1;
  }
  if (size > limits.runBytes) throw new EntryError("TOO_LARGE", `a run of ${size} bytes`);
}
