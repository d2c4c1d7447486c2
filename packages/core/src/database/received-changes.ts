import { type DatabaseId, toHex, type VerifiedRun } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import type { Shelf } from "../document/shelf.ts";
import type { Events } from "../events.ts";
import { type Delivery, Ingest } from "../replica/ingest.ts";
import { Serial } from "../serial.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { DatabaseEvents } from "./database.ts";

export interface ReceivedChangesContext {
  readonly context: TenantContext;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly documents: Documents;
  readonly shelf: Shelf;
  readonly events: Events<DatabaseEvents>;
  view(): DirectoryView;
}

/** From stored entries to the documents on the shelf: ingest, gate, apply, announce; one batch after the other. */
export class ReceivedChanges {
  readonly #at: ReceivedChangesContext;
  readonly #ingest: Ingest;
  readonly #working = new Serial();
  #fresh = new Map<DocumentRecord, Uint8Array[]>();

  constructor(at: ReceivedChangesContext) {
    this.#at = at;
    const { context, database, entries, events, view } = at;
    this.#ingest = new Ingest({
      crypto: context.platform.crypto,
      tenant: context.tenant,
      database,
      entries,
      ring: context.ring,
      report: context.platform.report,
      judge: (writer, certificate) => view().judge({ database, writer, certificate }),
      deliver: (deliveries) => this.#gate(deliveries),
      quarantine: (entry, user, reason) => events.emit("quarantined", { entryId: toHex(entry.id), user, reason }),
    });
  }

  /** Everything the store holds, before anybody looks: nothing is announced. */
  async load(): Promise<void> {
    await this.#ingest.all();
    await this.#settle();
    this.#fresh.clear();
  }

  /** Runs that were just stored. Never rejects: what fails is reported, and read again when the database is opened. */
  apply(runs: readonly VerifiedRun[]): Promise<void> {
    return this.#then(() => this.#ingest.run(runs));
  }

  /** The directory or the keys changed. */
  reconsider(): Promise<void> {
    return this.#then(() => this.#ingest.reconsider());
  }

  own(run: VerifiedRun, admission: Admission): void {
    this.#ingest.own(run, admission);
  }

  idle(): Promise<void> {
    return this.#working.idle();
  }

  #then(work: () => Promise<void>): Promise<void> {
    return this.#working.run(() => this.#work(work)).catch(this.#at.context.platform.report);
  }

  async #work(work: () => Promise<void>): Promise<void> {
    await work();
    await this.#settle();
    await this.#show();
  }

  /** D7: what found no room to wait is read again, as long as that moves a document on. */
  async #settle(): Promise<void> {
    for (let chains = this.#at.documents.toReadAgain(); chains.length > 0; chains = this.#at.documents.toReadAgain())
      for (const { writer, from } of chains) await this.#ingest.again(writer, from);
  }

  #gate(deliveries: readonly Delivery[]): void {
    for (const [record, changes] of this.#at.documents.receive(deliveries)) {
      const fresh = this.#fresh.get(record) ?? [];
      fresh.push(...changes);
      this.#fresh.set(record, fresh);
    }
  }

  async #show(): Promise<void> {
    const fresh = this.#fresh;
    this.#fresh = new Map();
    for (const [record, changes] of fresh) {
      await this.#at.shelf.apply(record, changes);
      this.#at.events.emit("change", { id: record.name });
    }
  }
}
