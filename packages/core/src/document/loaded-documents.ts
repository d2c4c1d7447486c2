import type { AutomergeDocuments } from "./automerge-documents.ts";
import type { DocumentRecord } from "./document-record.ts";

/** What loaded documents may take in memory, about, unless an app says otherwise. */
export const documentMemory: number = 64 * 2 ** 20;

// What a loaded document takes, measured with Automerge 3.5: something for each, for each operation, and for each byte of its changes
// beyond the frame that every change has.
const OF_DOCUMENT = 16_384;
const OF_OPERATION = 16;
const OF_BYTE = 8;
const FRAME = 80;

interface Weight {
  bytes: number;
  /** How many of the changes it counts. */
  changes: number;
}

/** The Automerge documents that are loaded, the one that was used longest ago first: as many as a number of bytes holds. */
export class LoadedDocuments {
  readonly #most: number;
  readonly #free: (record: DocumentRecord) => void;
  readonly #weights = new Map<DocumentRecord, Weight>();
  #bytes = 0;
  /** From where on it is looked what can go: above what may be taken when all that was there had to stay. */
  #full: number;

  /** @param free takes a document out: it ends in `remove` */
  constructor(most: number, free: (record: DocumentRecord) => void) {
    this.#most = most;
    this.#full = most;
    this.#free = free;
  }

  /** About what all of them take. */
  get bytes(): number {
    return this.#bytes;
  }

  [Symbol.iterator](): Iterator<DocumentRecord> {
    return this.#weights.keys();
  }

  /** This one was just used, and is the last to go. */
  use(automerge: AutomergeDocuments, record: DocumentRecord): void {
    const { live, changes } = record;
    if (live === null) return;
    const known = this.#weights.get(record);
    const weight = known ?? { bytes: OF_DOCUMENT + OF_OPERATION * automerge.countOps(live), changes: 0 };
    const before = known?.bytes ?? 0;
    for (; weight.changes < changes.length; weight.changes++) {
      const length = changes[weight.changes]?.length ?? 0;
      weight.bytes += OF_BYTE * Math.max(0, length - FRAME) + (known === undefined ? 0 : OF_OPERATION);
    }
    this.#bytes += weight.bytes - before;
    this.#weights.delete(record);
    this.#weights.set(record, weight);
    this.#makeRoom(record);
  }

  remove(record: DocumentRecord): void {
    this.#bytes -= this.#weights.get(record)?.bytes ?? 0;
    this.#weights.delete(record);
    this.#full = this.#most;
  }

  /** What somebody edits or listens to stays, whatever it takes: the patches of the next change follow on what is loaded. */
  #makeRoom(used: DocumentRecord): void {
    if (this.#bytes <= this.#full) return;
    let isKept = false;
    for (const record of this.#weights.keys()) {
      if (this.#bytes <= this.#most) return;
      if (record === used) continue;
      if (record.busy || record.handle?.deref()?.isWatched === true) isKept = true;
      else this.#free(record);
    }
    if (isKept) this.#full = this.#bytes + this.#most / 8;
  }
}
