import type { Sha256 } from "../automerge/change-chunk.ts";
import { DocumentHistory } from "../automerge/document-history.ts";
import { restoreHistory } from "../automerge/gate.ts";
import type { DocumentRecord } from "./document-record.ts";

/** How many documents' histories are kept; one of a document with one change takes 4 to 5 KB. */
const KEPT = 1_024;

/** What the gate knows of documents, for those it was lately asked about; others are read again from their accepted changes. */
export class Histories {
  readonly #sha256: Sha256;
  readonly #kept = new Map<DocumentRecord, DocumentHistory>();
  /** What was asked for last: one change asks several times. */
  #latest: { readonly record: DocumentRecord; readonly history: DocumentHistory } | null = null;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  of(record: DocumentRecord): DocumentHistory {
    if (this.#latest?.record === record) return this.#latest.history;
    const kept = this.#kept.get(record);
    const history = kept ?? new DocumentHistory();
    if (kept === undefined) restoreHistory(history, record.changes, this.#sha256);
    else this.#kept.delete(record);
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
