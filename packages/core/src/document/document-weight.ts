import { sizeOf } from "../automerge/change-chunk.ts";
import type { LiveDocument } from "../automerge/document.ts";
import { shownBytes } from "../automerge/shown-bytes.ts";
import type { AutomergeDocuments } from "./automerge-documents.ts";

// What Automerge 3.5 takes, measured: something for each document, each change, each map, list or text that was ever made, and each byte of
// a change beyond the frame that every change has.
const OF_DOCUMENT = 12_000;
const OF_CHANGE = 300;
const OF_OBJECT = 35;
const OF_BYTE = 1.3;
const FRAME = 80;
// What changes add at most, about, to what is shown: for each operation, and for each object that it makes.
const OF_SHOWN_OPERATION = 16;
const OF_SHOWN_OBJECT = 190;

/**
 * What a loaded document takes in memory, about: Automerge's own, which grows with its changes, and the objects that show its data, which
 * are gone through when it is loaded, and when it may take twice as much since.
 * SECURITY: D12. A hundred bytes make ten thousand lists: they weigh what they take (document-weight.test.ts).
 */
export class DocumentWeight {
  /** How many of the changes it counts. */
  #changes = 0;
  #kept = OF_DOCUMENT;
  #shown = 0;
  /** What was added to that, at most. */
  #grown = 0;

  get bytes(): number {
    return this.#kept + this.#shown + this.#grown;
  }

  /** Counts what there is, or what came since. @param changes of the document, to which others were added at most */
  count(automerge: AutomergeDocuments, live: LiveDocument, changes: readonly Uint8Array[]): void {
    const isFirst = this.#changes === 0;
    // A long text, letter by letter: what each change weighs by itself is more than what it may have made.
    const isPlain = isFirst && automerge.countOps(live) <= 2 * changes.length;
    for (; this.#changes < changes.length; this.#changes++) {
      const change = changes[this.#changes] ?? new Uint8Array();
      const { ops, objects } = isPlain ? { ops: 0, objects: 0 } : sizeOf(change);
      const content = Math.max(0, change.length - FRAME);
      this.#kept += OF_CHANGE + OF_OBJECT * objects + OF_BYTE * content;
      this.#grown += OF_SHOWN_OPERATION * ops + OF_SHOWN_OBJECT * objects + 2 * content;
    }
    // What nobody looked at yet is not shown.
    if (!isFirst && (live.unseen > 0 || this.#grown <= this.#kept + this.#shown)) return;
    this.#shown = shownBytes(live.doc);
    this.#grown = 0;
  }
}
