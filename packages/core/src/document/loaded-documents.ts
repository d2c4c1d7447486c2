import type { AutomergeDocuments } from "./automerge-documents.ts";
import type { DocumentRecord } from "./document-record.ts";
import { DocumentWeight } from "./document-weight.ts";

/** What loaded documents may take in memory, about, unless an app says otherwise. */
export const documentMemory: number = 64 * 2 ** 20;

/** The Automerge documents that are loaded, the one that was used longest ago first: as many as a number of bytes holds. */
export class LoadedDocuments {
  readonly #most: number;
  readonly #free: (record: DocumentRecord) => void;
  readonly #weights = new Map<DocumentRecord, DocumentWeight>();
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
    const weight = known ?? new DocumentWeight();
    const before = known === undefined ? 0 : weight.bytes;
    weight.count(automerge, live, changes);
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
