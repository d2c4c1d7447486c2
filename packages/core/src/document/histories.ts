import type { Sha256 } from "../automerge/change-chunk.ts";
import { ChangeError } from "../automerge/change-error.ts";
import { mostPlainOps } from "../automerge/change-limits.ts";
import { DocumentHistory } from "../automerge/document-history.ts";
import { restoreHistory } from "../automerge/gate.ts";
import type { DocumentRecord } from "./document-record.ts";

/** How many documents' histories are kept; one of a document with one change takes 4 to 5 KB. */
const KEPT = 1_024;

/**
 * What the gate knows of documents, for those it was lately asked about: read from their accepted changes, and read on when there are more.
 * A local change may be in the record before the gate has judged it: asking here does.
 */
export class Histories {
  readonly #sha256: Sha256;
  readonly #kept = new Map<DocumentRecord, DocumentHistory>();
  /** What was asked for last: one change asks several times. */
  #latest: { readonly record: DocumentRecord; readonly history: DocumentHistory } | null = null;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** @throws ChangeError for a change of the record that does not pass */
  of(record: DocumentRecord): DocumentHistory {
    const history = this.#of(record);
    // More than the record has: what is passing the gate right now.
    if (history.count < record.changes.length)
      restoreHistory(history, record.changes.slice(history.count), this.#sha256);
    return history;
  }

  /** Takes out of a record what has not passed the gate, from the first change on that does not. @returns whether all of it passes */
  cut(record: DocumentRecord): boolean {
    try {
      this.of(record);
      return true;
    } catch (error) {
      if (!(error instanceof ChangeError)) throw error;
      record.changes = record.changes.slice(0, this.#of(record).count);
      return false;
    }
  }

  /** How many operations a document has at most; infinite for one that was not read lately. Reads nothing. */
  mostOps(record: DocumentRecord): number {
    const history = this.#kept.get(record);
    if (history === undefined || history.count === 0) return Number.POSITIVE_INFINITY;
    return history.ops.count + (record.changes.length - history.count) * mostPlainOps;
  }

  #of(record: DocumentRecord): DocumentHistory {
    if (this.#latest?.record === record) return this.#latest.history;
    const kept = this.#kept.get(record);
    const history = kept ?? new DocumentHistory();
    if (kept !== undefined) this.#kept.delete(record);
    this.#kept.set(record, history);
    this.#latest = { record, history };
    const [oldest] = this.#kept.size > KEPT ? this.#kept.keys() : [];
    if (oldest !== undefined) this.forget(oldest);
    return history;
  }

  forget(record: DocumentRecord): void {
    this.#kept.delete(record);
    if (this.#latest?.record === record) this.#latest = null;
  }
}
