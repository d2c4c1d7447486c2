import type { DocId } from "../document/doc-id.ts";
import type { Row } from "./page-codec.ts";

/** Bytes of the projections of a page. */
const MOST_BYTES = 2 ** 21;

/**
 * The rows of a page that is being written: without the projections that are too much for it.
 * SECURITY: D12. Ids fill pages alike, but whoever makes a document chooses its id: who puts many large ones beside somebody else's makes
 * nobody read all of them for that one. Test: cold-open.test.ts "D12 ...".
 */
export class PageRows {
  readonly #rows: Map<DocId, Row>;
  #bytes: number;

  constructor(kept: readonly Row[]) {
    this.#rows = new Map(kept.map((row) => [row.id, row]));
    this.#bytes = kept.reduce((sum, { projection }) => sum + projection.length, 0);
  }

  /** @param row null for a document that is not there any more */
  set(id: DocId, row: Row | null): void {
    this.#bytes -= this.#rows.get(id)?.projection.length ?? 0;
    this.#rows.delete(id);
    if (row === null) return;
    const isTooMuch = this.#bytes + row.projection.length > MOST_BYTES;
    const fitting: Row = isTooMuch ? { ...row, state: "unread", projection: new Uint8Array() } : row;
    this.#bytes += fitting.projection.length;
    this.#rows.set(id, fitting);
  }

  all(): readonly Row[] {
    return [...this.#rows.values()];
  }
}
