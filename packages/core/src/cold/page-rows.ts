import type { DocId } from "../document/doc-id.ts";
import { contentBytes, type Row } from "./page-codec.ts";

/** Bytes of what the rows of a page say of documents. */
const MOST_BYTES = 2 ** 21;

/**
 * The rows of a page that is being written: without what is too much for it.
 * SECURITY: D12. Ids fill pages alike, but whoever makes a document chooses its id: who puts many large ones beside somebody else's makes
 * nobody read all of them for that one. Test: cold-open.test.ts "D12 ...".
 */
export class PageRows {
  readonly #rows: Map<DocId, Row>;
  #bytes: number;

  constructor(kept: readonly Row[]) {
    this.#rows = new Map(kept.map((row) => [row.id, row]));
    this.#bytes = kept.reduce((sum, row) => sum + contentBytes(row), 0);
  }

  /** @param row null for a document that is not there any more */
  set(id: DocId, row: Row | null): void {
    const before = this.#rows.get(id);
    if (before !== undefined) this.#bytes -= contentBytes(before);
    this.#rows.delete(id);
    if (row === null) return;
    const isTooMuch = this.#bytes + contentBytes(row) > MOST_BYTES;
    const fitting: Row = isTooMuch ? { ...row, state: "unread", projection: new Uint8Array(), ground: null } : row;
    this.#bytes += contentBytes(fitting);
    this.#rows.set(id, fitting);
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }
}
