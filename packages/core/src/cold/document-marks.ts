import type { LocalWrites } from "../database/local-writes.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { Journal } from "../journal/journal.ts";
import type { Covered } from "./covered.ts";
import { type TouchedContext, touchedSince } from "./touched.ts";

export interface DocumentMarksContext extends TouchedContext {
  readonly journal: Pick<Journal, "rows" | "isEmpty" | "hasFailed">;
  /** Whether something is being written that may be stored and not announced yet. */
  readonly writes: Pick<LocalWrites, "isShared">;
  /** Whether this device is out: what is hidden stays so then, for whoever knows what was. */
  isOut(): boolean;
  /** How far the documents are what entries say, and as of what; null while that is moving. */
  covered(): Promise<Covered | null>;
}

/**
 * Which documents may be others than at an earlier moment. A document follows from entries, from the journal, and from what `basis` is a
 * digest of: where that is the same, only entries that came since and the journal's rows make it another than then.
 */
export class DocumentMarks {
  readonly #at: DocumentMarksContext;

  constructor(at: DocumentMarksContext) {
    this.#at = at;
  }

  /** Null also where something was made here that no entry holds, as it may never come to be in one, or that nobody has heard of yet. */
  async now(): Promise<Covered | null> {
    const { journal, writes, covered } = this.#at;
    const now = await covered();
    return journal.isEmpty && !journal.hasFailed && !writes.isShared ? now : null;
  }

  async touchedSince(mark: Covered): Promise<ReadonlySet<DocId> | null> {
    if (this.#at.isOut()) return null;
    const unsealed = this.#at.journal.rows.map(docIdOf); // first: what is sealed meanwhile is in an entry then
    const touched = await touchedSince(this.#at, mark);
    if (touched === null || touched === "lost") return null;
    return (await this.#at.covered())?.basis === mark.basis ? new Set([...touched, ...unsealed]) : null;
  }
}
