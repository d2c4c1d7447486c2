// Turns stored rows into runs that a peer can verify: hashed again, linked, and cut at a signed entry.
import {
  cutRun,
  type DatabaseId,
  type EntryId,
  limits,
  type ReadLimit,
  reviveEntry,
  runOf,
  runSize,
  type Signature,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";

/** One entry as a store keeps it. */
export interface StoredEntry {
  readonly seq: number;
  readonly id: EntryId;
  readonly signature: Signature | null;
  /** What `encodeEntryBody` made of the entry. */
  readonly body: Uint8Array;
}

/** Where a run is to start. */
export interface RunStart {
  readonly database: DatabaseId;
  readonly writer: WriterKey;
  readonly firstSeq: number;
  /** Id of the entry before `firstSeq`; `ZERO_ENTRY_ID` at 0. */
  readonly prev: EntryId;
}

/** How much to collect. */
export interface CollectLimit extends ReadLimit {
  /** Go beyond the limit, as far as the first signed entry, rather than return nothing. */
  readonly atLeastOne: boolean;
}

/** What could be collected. */
export interface CollectedRun {
  /** Null when there is no entry, or none up to a signed one. */
  readonly run: VerifiedRun | null;
  /** Declared size of the run. */
  readonly bytes: number;
  /** The seq of the first row that turned out to be damaged or missing, if that is what ended the run. */
  readonly damaged: number | null;
  /** Nothing more can be served from here, however large the limit: what follows is damaged or lacks its signature. */
  readonly isBlocked: boolean;
}

/** What a read from beyond the undamaged part of a chain collects. */
export const NOTHING_COLLECTED: CollectedRun = { run: null, bytes: 0, damaged: null, isBlocked: true };

/** Revives consecutive rows until the limit is reached, a row is damaged, or there are no more, and cuts at a signed entry. */
export function collectRun(
  verifier: Verifier,
  start: RunStart,
  rows: Iterable<StoredEntry>,
  limit: CollectLimit,
): CollectedRun {
  const revived = new RevivedRows(verifier, start, rows);
  const { atLeastOne } = limit;
  const within = { entries: Math.min(limit.entries, limits.runEntries), bytes: Math.min(limit.bytes, limits.runBytes) };
  const entries = cutRun(revived, within);
  const { damaged } = revived;
  const isBlocked = damaged !== null || (entries.length === 0 && atLeastOne);
  if (entries.length === 0) return { run: null, bytes: 0, damaged, isBlocked };
  const run = runOf(entries);
  const bytes = runSize(run);
  const exceeds = entries.length > within.entries || bytes > within.bytes;
  return exceeds && !atLeastOne
    ? { run: null, bytes: 0, damaged: null, isBlocked: false }
    : { run, bytes, damaged, isBlocked };
}

/** The entries of consecutive rows, hashed again, up to the first that is damaged or missing. */
class RevivedRows implements Iterable<VerifiedEntry> {
  damaged: number | null = null;
  readonly #verifier: Verifier;
  readonly #start: RunStart;
  readonly #rows: Iterable<StoredEntry>;

  constructor(verifier: Verifier, start: RunStart, rows: Iterable<StoredEntry>) {
    this.#verifier = verifier;
    this.#start = start;
    this.#rows = rows;
  }

  *[Symbol.iterator](): Iterator<VerifiedEntry> {
    const { database, writer, firstSeq } = this.#start;
    let prev = this.#start.prev;
    let seq = firstSeq;
    for (const row of this.#rows) {
      const at = { database, writer, seq, prev, id: row.id };
      const entry = row.seq === seq ? reviveEntry(this.#verifier, row.body, at, row.signature) : null;
      if (entry === null) {
        this.damaged = seq;
        return;
      }
      yield entry;
      prev = entry.id;
      seq++;
    }
  }
}
