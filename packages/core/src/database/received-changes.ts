import {
  type AppendResult,
  type DatabaseId,
  entryType,
  limits,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore, StoreDrop } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { admissionName } from "../directory/membership-facts.ts";
import type { DocId } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { type DocumentState, isTouched, writersOf } from "../document/document-state.ts";
import { changesIn, copyIn, nameIn, type UnheardChange } from "../document/part-contents.ts";
import { RebuiltDocuments } from "../document/rebuilt-documents.ts";
import { ReceivedParts } from "../document/received-parts.ts";
import type { Shelf } from "../document/shelf.ts";
import { CoreError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { Delivery, EntryRefusalCode } from "../replica/delivery.ts";
import { Ingest } from "../replica/ingest.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { NamedEntries } from "../replica/named-entries.ts";
import type { ReadableParts } from "../replica/readable-parts.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { Serial } from "../serial.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import { ChainEnds, type ChainOf } from "./chain-ends.ts";
import type { DatabaseEvents } from "./database.ts";
import type { KeyRights } from "./key-rights.ts";

export interface ReceivedChangesContext {
  readonly context: TenantContext;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly state: DocumentState;
  readonly shelf: Shelf;
  readonly events: Events<DatabaseEvents>;
  readonly rights: KeyRights;
  view(): DirectoryView;
  /** An entry that counts says that its author has seen these. */
  heard(heads: readonly WriterHead[]): Promise<void>;
  /** An entry that counts names the directory heads that its author knew. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** The writer this device writes as, if it has begun. */
  own(): WriterKey | null;
  /** Changes of this device build on something that counts no more. */
  ownWait(): void;
  /** The entries that name the branches of chains that count: kept up to date here. */
  readonly named: NamedEntries;
  /** What is held without parts that should be here. */
  readonly missing: MissingParts;
  /** Null where parts are held whether they are readable or not. */
  readonly readable: ReadableParts | null;
}

/** Reasons that pass when a chain ends elsewhere. */
const ENDED: readonly EntryRefusalCode[] = ["BEHIND_FORK", "BEYOND_CUT"];

const SLICE = { entries: 256, bytes: limits.runBytes };

/** What counts nowhere. */
export interface Beyond {
  /** Unless they are made anew. */
  readonly changes: readonly UnheardChange[];
  /** What `copyToKey` made: nobody else can create it, and whom it lets in is not for this device to say again. */
  readonly copies: ReadonlySet<DocId>;
}

/** Documents to rebuild, and writers of which something came for them that was not delivered yet. */
interface Stale {
  readonly documents: Set<DocId>;
  readonly writers: Set<WriterKey>;
}

/**
 * From stored entries to the documents on the shelf: ingest, gate, apply, announce; one batch after the other.
 *
 * INVARIANT: a document is what a fresh open would make of it: whatever came late, in an order that is not its writer's, is not
 * delivered behind the rest; the document is built anew. Test: received-changes.test.ts "any order ...".
 */
export class ReceivedChanges {
  readonly #at: ReceivedChangesContext;
  readonly #ingest: Ingest;
  readonly #ends: ChainEnds;
  readonly #parts: ReceivedParts;
  readonly #working = new Serial();
  #fresh = new Map<DocumentRecord, Uint8Array[] | "reset">();
  #stale: Stale = { documents: new Set(), writers: new Set() };
  /** Writers that this device wrote as since the database was opened. */
  readonly #mine = new Set<string>();
  /** Documents that nothing had come for before this batch's late parts. */
  readonly #begun = new Set<DocId>();

  constructor(at: ReceivedChangesContext) {
    this.#at = at;
    const { context, database, entries, named, view } = at;
    const { quarantine } = at.state;
    this.#parts = new ReceivedParts(at.state, at.rights);
    this.#ends = new ChainEnds({ verifier: context.platform.crypto, database, entries, named, view });
    this.#ingest = new Ingest({
      crypto: context.platform.crypto,
      tenant: context.tenant,
      database,
      entries,
      ring: context.ring,
      report: context.platform.report,
      stored: (run) => at.missing.stored(run),
      holed: (entry) => at.missing.holed(entry),
      heard: (heads) => at.heard(heads),
      heardOfDirectory: (claim) => at.heardOfDirectory(claim),
      judge: (writer, certificate) => view().judge({ database, writer, certificate }),
      refusal: ({ header }, admission) => {
        if (header.type !== entryType.change) return "ENTRY_TYPE";
        if (header.seq <= this.#ends.of(header.writer, admission)) return null;
        return this.#ends.reason(header.writer, admission, header.seq);
      },
      deliver: (deliveries) => this.#gate(deliveries),
      deliverLate: (deliveries) => this.#sort(deliveries),
      quarantine: (entry, user, reason) => quarantine.add(entry, null, { user, reason }),
    });
  }

  /** Everything the store holds, before anybody looks: nothing is announced. */
  async load(): Promise<void> {
    await this.#ends.look([]);
    await this.#ingest.all();
    if (await this.#ends.look(this.#chains())) await this.#moveEnds();
    await this.#moveRights();
    await this.#rebuild();
    await this.#settle(this.#parts, (deliveries) => this.#gate(deliveries));
    this.#fresh.clear();
  }

  /** Runs that were just stored. Never rejects: what fails is reported, and read again when the database is opened. */
  apply(runs: readonly VerifiedRun[]): Promise<void> {
    return this.#then(async () => {
      // What came may be the branch that a cut names, or another.
      if (await this.#ends.look(this.#chains(runs))) await this.#moveEnds();
      const strangers = runs.filter(({ writer }) => this.#ingest.admissionOf(writer) === null);
      await this.#ingest.run(runs);
      if (strangers.length > 0 && (await this.#ends.look(this.#chains(strangers)))) await this.#moveEnds();
    });
  }

  /** The admission of a writer, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    return this.#ingest.admissionOf(writer);
  }

  /** The directory or the keys changed. */
  reconsider(): Promise<void> {
    return this.#then(async () => {
      await this.#ends.look(this.#chains());
      await this.#moveEnds();
      await this.#moveRights();
      await this.#at.readable?.look();
      await this.#ingest.reconsider();
    });
  }

  /**
   * Puts a run in the place of what is stored of its chain from a seq on: that is of a branch that does not count.
   * @returns null for a chain of this device: it makes anew what it wrote there before it opens the database again
   */
  replace(run: VerifiedRun, from: number): Promise<AppendResult | null> {
    return this.#working.run(async () => {
      const { store, tenant } = this.#at.context;
      if (this.#isOwn(run.writer)) return null;
      const append = [{ tenant, database: this.#at.database, run }];
      const [result] = await this.#drop(run.writer, from, (drop) => store.commit({ drop, append }));
      return result ?? { type: "known" };
    });
  }

  get #verifier(): Verifier {
    return this.#at.context.platform.crypto;
  }

  /** The chains whose authors are known; those of these runs alone. */
  #chains(runs: readonly VerifiedRun[] | null = null): readonly ChainOf[] {
    const writers = runs === null ? this.#ingest.writers() : new Set(runs.map(({ writer }) => writer));
    return [...writers].flatMap((writer) => {
      const admission = this.#ingest.admissionOf(writer);
      return admission === null ? [] : [{ writer, admission }];
    });
  }

  async #drop<Result>(
    writer: WriterKey,
    from: number,
    commit: (drop: readonly StoreDrop[]) => Promise<Result>,
  ): Promise<Result> {
    const { context, database, entries, state } = this.#at;
    await this.#ingest.inspect({ writer, from }, (deliveries) => this.#outdate(deliveries));
    const gone: VerifiedEntry[] = [];
    for (let run = await entries.read(writer, from, SLICE); run !== null; ) {
      gone.push(...run.entries);
      run = await entries.read(writer, run.firstSeq + run.entries.length, SLICE);
    }
    const result = await commit([{ tenant: context.tenant, database, writer, from }]);
    for (const entry of gone) state.quarantine.forget(entry);
    this.#ingest.setBack(writer, from);
    this.#ends.forget(writer, from);
    return result;
  }

  #isOwn(writer: WriterKey): boolean {
    const own = this.#at.own();
    return this.#mine.has(toHex(writer)) || (own !== null && toHex(own) === toHex(writer));
  }

  /** Chains end elsewhere than they did: documents that something between there and here is of are built anew. */
  async #moveEnds(): Promise<void> {
    for (const writer of this.#ingest.writers()) {
      const admission = this.#ingest.admissionOf(writer);
      const from = admission === null ? null : this.#ends.move(writer, admission);
      if (from !== null) await this.#ingest.inspect({ writer, from }, (deliveries) => this.#outdate(deliveries));
    }
  }

  /** A key is due to somebody to whom it was not, or no more: documents with parts under it are built anew. */
  async #moveRights(): Promise<void> {
    const moved = Map.groupBy(this.#at.rights.move(), ({ admission }) => admissionName(admission.id));
    if (moved.size === 0) return;
    for (const writer of this.#ingest.writers()) {
      const admission = this.#ingest.admissionOf(writer);
      const rights = admission === null ? undefined : moved.get(admissionName(admission.id));
      if (rights === undefined) continue;
      const keys = new Set(rights.map(({ keyId }) => toHex(keyId)));
      await this.#ingest.inspect({ writer, from: 0 }, (deliveries) => {
        for (const delivery of deliveries)
          this.#markStale(
            delivery,
            delivery.parts.filter((part) => part.type === "opened" && keys.has(toHex(part.key.keyId))),
          );
      });
    }
  }

  #markStale(delivery: Delivery, parts: readonly OpenedPart[]): void {
    for (const part of parts) {
      const name = nameIn(this.#verifier, delivery, part);
      if (name === null) continue;
      this.#stale.documents.add(name);
      this.#stale.writers.add(delivery.entry.header.writer);
    }
  }

  #outdate(deliveries: readonly Delivery[]): void {
    const { quarantine } = this.#at.state;
    for (const delivery of deliveries) {
      const { entry, admission, parts } = delivery;
      const { writer, seq } = entry.header;
      for (const reason of ENDED) quarantine.release(entry, reason);
      if (seq > this.#ends.of(writer, admission))
        quarantine.add(entry, null, { user: admission.name, reason: this.#ends.reason(writer, admission, seq) });
      this.#markStale(delivery, parts);
    }
  }

  /**
   * Drops what these documents hold and builds them again from what counts of the chains that touch them. Live documents move in one
   * step; changes of this device that no entry holds yet stay, or wait and are reported.
   */
  rebuild(documents: Iterable<DocId>): Promise<void> {
    return this.#then(async () => {
      for (const name of documents) this.#stale.documents.add(name);
    });
  }

  /**
   * Builds documents anew, without what this device made in them and no entry holds, and lets it go on in them: all that it has not sealed
   * is in these. Until then they are shown as they were.
   */
  renew(documents: Iterable<DocId>, goOn: (rebuilt: DocumentState) => Promise<void>): Promise<void> {
    const { state, shelf } = this.#at;
    const names = [...documents];
    return this.#working.run(async () => {
      await this.#ends.look(this.#chains());
      await this.#moveEnds();
      for (const name of names) this.#stale.documents.add(name);
      const rebuilt = await this.#rebuilt();
      await goOn(rebuilt.state);
      this.#adopt(rebuilt, null);
      for (const name of names) {
        const record = state.documents.get(name);
        if (record === undefined) continue;
        shelf.outdate(record); // what is loaded may hold what never counted
        this.#note(record, "reset");
      }
      await this.#show();
    });
  }

  /** Gives what counts of the chains that touch a document, chain by chain, as far as it was delivered. */
  read(name: DocId, look: (deliveries: readonly Delivery[]) => void): Promise<void> {
    return this.#working.run(async () => {
      const writers = writersOf(this.#at.state, new Set([name]), this.#ingest.writers());
      for (const writer of writers) await this.#ingest.replay({ writer, from: 0 }, look);
    });
  }

  /** The writers whose changes may count. */
  writers(): readonly WriterKey[] {
    return this.#ingest.writers();
  }

  /** Entries of this device were stored. */
  own({ runs, admission }: Pick<SealedEntries, "runs" | "admission">, self: () => Admission): void {
    // Of a chain that began just now: what its certificate names may have ended meanwhile.
    const named = admission === null ? undefined : this.#at.view().admission(admission);
    for (const run of runs) {
      this.#mine.add(toHex(run.writer));
      this.#ends.of(
        run.writer,
        this.#ingest.own(run, () => named ?? self()),
      );
    }
  }

  /** What lies beyond the end of a chain of this device. */
  async beyond(writer: WriterKey): Promise<Beyond> {
    const admission = this.#ingest.admissionOf(writer);
    const changes: UnheardChange[] = [];
    const copies = new Set<DocId>();
    if (admission === null) return { changes, copies };
    const from = this.#ends.now(writer, admission) + 1;
    await this.#ingest.inspect({ writer, from }, (deliveries) => {
      for (const delivery of deliveries)
        for (const part of delivery.parts) {
          changes.push(...changesIn(this.#verifier, delivery, part));
          const copy = copyIn(this.#verifier, delivery, part);
          if (copy !== null) copies.add(copy);
        }
    });
    return { changes, copies };
  }

  /** Whether an entry lies beyond where its chain ends, as of now; false for a writer that is not known. */
  isBeyond(writer: WriterKey, seq: number): boolean {
    const admission = this.#ingest.admissionOf(writer);
    return admission !== null && this.#ends.now(writer, admission) < seq;
  }

  /** Whether the directory has ended a chain, as of now. */
  isEnded(writer: WriterKey): boolean {
    const admission = this.#ingest.admissionOf(writer);
    if (admission === null) return false;
    this.#mine.add(toHex(writer)); // of what this device wrote as nothing is dropped before it is made anew
    // Whoever else holds the key of a chain that forks may go on with it, also where this device's branch counts.
    if (this.#at.view().forkOf(this.#at.database, writer) !== undefined) return true;
    return this.#ends.now(writer, admission) < Number.POSITIVE_INFINITY;
  }

  /** Whether changes of a writer wait, in any document. */
  hasWaiting(writer: WriterKey): boolean {
    return this.#at.state.waiting.hasOf(writer);
  }

  idle(): Promise<void> {
    return this.#working.idle();
  }

  #then(work: () => Promise<void>): Promise<void> {
    return this.#working.run(() => this.#work(work)).catch(this.#at.context.platform.report);
  }

  async #work(work: () => Promise<void>): Promise<void> {
    await work();
    await this.#settle(this.#parts, (deliveries) => this.#gate(deliveries));
    await this.#rebuild();
    await this.#show();
  }

  /** D7: what found no room to wait is read again, as long as that moves a document on. */
  async #settle(parts: ReceivedParts, deliver: (deliveries: readonly Delivery[]) => void): Promise<void> {
    for (let chains = parts.toReadAgain(); chains.length > 0; chains = parts.toReadAgain())
      for (const chain of chains) await this.#ingest.replay(chain, deliver);
  }

  #gate(deliveries: readonly Delivery[]): void {
    for (const [record, changes] of this.#parts.receive(deliveries)) this.#note(record, changes);
  }

  #note(record: DocumentRecord, changes: readonly Uint8Array[] | "reset"): void {
    const fresh = this.#fresh.get(record) ?? [];
    if (changes === "reset" || fresh === "reset") this.#fresh.set(record, "reset");
    else {
      for (const change of changes) fresh.push(change);
      this.#fresh.set(record, fresh);
    }
  }

  /** Late parts of documents that are new here are delivered; other documents have to be built anew. */
  #sort(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      for (const part of delivery.parts) {
        const name = nameIn(this.#verifier, delivery, part);
        if (name !== null && !this.#begun.has(name) && isTouched(this.#at.state, name)) {
          this.#stale.documents.add(name);
          this.#stale.writers.add(delivery.entry.header.writer);
        } else {
          if (name !== null) this.#begun.add(name);
          this.#gate([{ ...delivery, parts: [part] }]);
        }
      }
    }
  }

  async #rebuild(): Promise<void> {
    this.#begun.clear();
    if (this.#stale.documents.size > 0) this.#adopt(await this.#rebuilt(), this.#at.own());
  }

  /** Stale documents, fed what counts of the chains that touch them. */
  async #rebuilt(): Promise<RebuiltDocuments> {
    const { state, rights } = this.#at;
    const stale = this.#stale;
    const rebuilt = new RebuiltDocuments(state, rights, stale.documents);
    const receive = (deliveries: readonly Delivery[]): void => void rebuilt.received.receive(deliveries);
    const late = new Set([...stale.writers].map(toHex));
    const writers = this.#ingest.writers();
    const touching = writersOf(state, stale.documents, writers);
    for (const writer of writers)
      if (late.has(toHex(writer)) || touching.has(writer)) await this.#ingest.replay({ writer, from: 0 }, receive);
    await this.#settle(rebuilt.received, receive);
    return rebuilt;
  }

  /** @param own as whom this device keeps on writing in them, if it does */
  #adopt(rebuilt: RebuiltDocuments, own: WriterKey | null): void {
    const { shelf, context, events, ownWait } = this.#at;
    this.#stale = { documents: new Set(), writers: new Set() };
    const { replaced, waiting } = rebuilt.adopt(own);
    for (const [record, changes] of replaced) {
      if (changes === "reset") shelf.outdate(record);
      this.#note(record, changes);
    }
    if (waiting.size === 0) return;
    context.platform.report(
      new CoreError("JOURNAL_WAITING", "changes made here build on something that counts no more: they wait"),
    );
    for (const [id, changes] of waiting) events.emit("waiting", { id, changes });
    ownWait();
  }

  async #show(): Promise<void> {
    const fresh = this.#fresh;
    this.#fresh = new Map();
    for (const [record, changes] of fresh) {
      if (changes === "reset") await this.#at.shelf.refresh(record);
      else await this.#at.shelf.apply(record, changes);
      this.#at.events.emit("change", { id: record.name });
    }
  }
}
