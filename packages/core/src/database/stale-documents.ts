import type { Verifier, WriterKey } from "@selkie/entry";
import type { DocId } from "../document/doc-id.ts";
import { nameIn } from "../document/part-contents.ts";
import type { Delivery } from "../replica/delivery.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";

/** Documents to build anew, and writers of which something came for them that was not delivered yet. */
export class StaleDocuments {
  readonly #verifier: Verifier;
  #documents = new Set<DocId>();
  #writers = new Set<WriterKey>();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  get documents(): ReadonlySet<DocId> {
    return this.#documents;
  }

  get writers(): ReadonlySet<WriterKey> {
    return this.#writers;
  }

  add(name: DocId): void {
    this.#documents.add(name);
  }

  /** Something of this writer's came for a document. */
  addFor(name: DocId, writer: WriterKey): void {
    this.#documents.add(name);
    this.#writers.add(writer);
  }

  /** The documents that these parts are of. */
  mark(delivery: Delivery, parts: readonly OpenedPart[]): void {
    for (const part of parts) {
      const name = nameIn(this.#verifier, delivery, part);
      if (name !== null) this.addFor(name, delivery.entry.header.writer);
    }
  }

  clear(): void {
    this.#documents = new Set();
    this.#writers = new Set();
  }
}
