import type { ChangeChunk, Sha256 } from "../automerge/change-chunk.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { mostPlainOps } from "../automerge/change-limits.ts";
import { DocumentHistory } from "../automerge/document-history.ts";
import { restoreHistory } from "../automerge/gate.ts";
import type { DocumentRecord } from "./document-record.ts";

/** How many documents' histories are kept; one of a document with one change takes 4 to 5 KB. */
const KEPT = 1_024;
/** How much the operations in them may take: 36 bytes where none is a run with others. */
const KEPT_BYTES = 64 * 2 ** 20;

interface Kept {
  readonly history: DocumentHistory;
  /** What its operations took when another document was asked for. */
  bytes: number;
}

/**
 * What the gate knows of documents, for those it was lately asked about: read from their accepted changes, and read on when there are more.
 * A local change may be in the record before the gate has judged it: asking here does.
 */
export class Histories {
  readonly #sha256: Sha256;
  /** The one that was asked for longest ago first. */
  readonly #kept = new Map<DocumentRecord, Kept>();
  #bytes = 0;
  /** What was asked for last: one change asks several times. */
  #latest: { readonly record: DocumentRecord; readonly kept: Kept } | null = null;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /**
   * @param passed is given each change of the record that is judged now, once it has passed
   * @throws ChangeError for a change of the record that does not pass
   */
  of(record: DocumentRecord, passed?: (change: ChangeChunk) => void): DocumentHistory {
    const history = this.#of(record);
    // More than the record has: what is passing the gate right now.
    if (history.count < record.changes.length)
      restoreHistory(history, record.changes.slice(history.count), this.#sha256, passed);
    return history;
  }

  /** Takes out of a record what has not passed the gate, from the first change on that does not. @returns whether all of it passes */
  cut(record: DocumentRecord, passed?: (change: ChangeChunk) => void): boolean {
    try {
      this.of(record, passed);
      return true;
    } catch (error) {
      if (!(error instanceof ChangeError)) throw error;
      record.changes = record.changes.slice(0, this.#of(record).count);
      return false;
    }
  }

  /** How many operations a document has at most; infinite for one that was not read lately. Reads nothing. */
  mostOps(record: DocumentRecord): number {
    const history = this.#kept.get(record)?.history;
    if (history === undefined || history.count === 0) return Number.POSITIVE_INFINITY;
    return history.ops.count + (record.changes.length - history.count) * mostPlainOps;
  }

  #of(record: DocumentRecord): DocumentHistory {
    if (this.#latest?.record === record) return this.#latest.kept.history;
    if (this.#latest !== null) this.#weigh(this.#latest.kept);
    const kept = this.#kept.get(record) ?? { history: new DocumentHistory(), bytes: 0 };
    this.#kept.delete(record);
    this.#kept.set(record, kept);
    this.#latest = { record, kept };
    for (const [oldest] of this.#kept) {
      if (oldest === record || (this.#kept.size <= KEPT && this.#bytes <= KEPT_BYTES)) break;
      this.forget(oldest);
    }
    return kept.history;
  }

  #weigh(kept: Kept): void {
    const { bytes } = kept.history.ops;
    this.#bytes += bytes - kept.bytes;
    kept.bytes = bytes;
  }

  forget(record: DocumentRecord): void {
    this.#bytes -= this.#kept.get(record)?.bytes ?? 0;
    this.#kept.delete(record);
    if (this.#latest?.record === record) this.#latest = null;
  }
}
