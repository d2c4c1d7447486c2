import type { DocumentRecord } from "../document/document-record.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Events } from "../events.ts";
import type { DatabaseEvents } from "./database.ts";

/** What came to documents and is not shown yet: changes in an order that can be applied, or that all of a document is to be read again. */
export class FreshChanges {
  #fresh = new Map<DocumentRecord, Uint8Array[] | "reset">();

  note(record: DocumentRecord, changes: readonly Uint8Array[] | "reset"): void {
    const fresh = this.#fresh.get(record);
    if (changes === "reset" || fresh === "reset") this.#fresh.set(record, "reset");
    else if (fresh === undefined) this.#fresh.set(record, changes.slice());
    else for (const change of changes) fresh.push(change);
  }

  clear(): void {
    this.#fresh.clear();
  }

  /** Shows it to whoever reads the documents, and announces them. */
  async show(shelf: Shelf, events: Events<DatabaseEvents>): Promise<void> {
    const fresh = this.#fresh;
    this.#fresh = new Map();
    await shelf.showAll(fresh);
    for (const { name } of fresh.keys()) events.emit("change", { id: name });
  }
}
