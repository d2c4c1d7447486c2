import {
  type AppendResult,
  entryType,
  equalBytes,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { Coverage } from "../cold/coverage.ts";
import type { Covered } from "../cold/covered.ts";
import type { Admission } from "../directory/admission.ts";
import type { DocId } from "../document/doc-id.ts";
import { type DocumentState, isTouched, writersOf } from "../document/document-state.ts";
import { hasTooManyParts, nameIn } from "../document/part-contents.ts";
import { ReceivedParts, type Rights } from "../document/received-parts.ts";
import { hexOf } from "../hex.ts";
import type { Delivery } from "../replica/delivery.ts";
import { Ingest } from "../replica/ingest.ts";
import { Serial } from "../serial.ts";
import { ChainEnds } from "./chain-ends.ts";
import { ChainMoves } from "./chain-moves.ts";
import { FreshChanges } from "./fresh-changes.ts";
import { lostChains } from "./lost-chains.ts";
import { type LostChangesContext, lostChanges, openedEntries } from "./lost-changes.ts";
import { OwnChains } from "./own-chains.ts";
import { Pace } from "./pace.ts";
import { mostReadAgain, readAgain } from "./read-again.ts";
import { Rebuilding } from "./rebuilding.ts";
import type { ReceivedChangesContext } from "./received-changes-context.ts";
import type { StaleDocuments } from "./stale-documents.ts";

/** What a device does in documents that were built anew without what it made and no entry holds; null for all there are. */
export type GoOn = (state: DocumentState, names: ReadonlySet<DocId> | null) => Promise<void>;

/**
 * From stored entries to the documents on the shelf: ingest, gate, apply, announce; one batch after the other.
 *
 * INVARIANT: a document is what a fresh open would make of it: whatever came late, in an order that is not its writer's, is not
 * delivered behind the rest; the document is built anew. Test: received-changes.test.ts "any order ...".
 */
export class ReceivedChanges {
  /** The chains that this device wrote. */
  readonly own: OwnChains;
  readonly #at: ReceivedChangesContext;
  readonly #ingest: Ingest;
  readonly #ends: ChainEnds;
  readonly #moves: ChainMoves;
  readonly #coverage: Coverage;
  readonly #rights: Rights;
  readonly #parts: ReceivedParts;
  readonly #working = new Serial();
  readonly #fresh = new FreshChanges();
  readonly #rebuilding: Rebuilding;
  readonly #stale: StaleDocuments;
  /** Of documents that are built anew because of what their authors say that they replaced; until then they show what they showed. */
  readonly #rebuilds: Pace;
  readonly #reads: Pace;
  /** Documents that nothing had come for before this batch's late parts. */
  readonly #begun = new Set<DocId>();
  /** Whether what waits of this device's may be made anew since it was tried. */
  #isToTry = false;
  /** While nobody has seen anything there is nothing to show. */
  #isLoading = false;
  /** Whether some of that is nowhere but in the journal, in documents that were built anew. */
  #isAsideToTry = false;

  constructor(at: ReceivedChangesContext) {
    this.#at = at;
    const { context, database, entries, named, view } = at;
    const { quarantine } = at.state;
    const verifier = context.platform.crypto;
    const again = (): void => void this.rebuild([]);
    this.#rebuilds = new Pace(context.platform.scheduler, 16, again);
    this.#reads = new Pace(context.platform.scheduler, mostReadAgain, again);
    this.#rights = {
      of: (admission, keyId) => at.rights.of(admission, keyId),
      deviceOf: (writer) => {
        const device = this.#ingest.admissionOf(writer)?.device;
        return device === undefined ? null : hexOf(device);
      },
    };
    this.#parts = new ReceivedParts(at.state, this.#rights);
    this.#ends = new ChainEnds({ verifier, database, entries, named, view });
    this.#ingest = new Ingest({
      crypto: context.platform.crypto,
      tenant: context.tenant,
      database,
      entries,
      ring: context.ring,
      report: context.platform.report,
      opens: ["change"],
      stored: (run) => {
        at.missing.stored(run);
        at.seen.stored(run);
      },
      holed: (entry) => at.missing.holed(entry),
      heard: (heads, { device }) => {
        if (equalBytes(device, context.keys.device.publicKey)) at.seen.said(heads);
        return at.heard(heads);
      },
      heardOfDirectory: (claim) => at.heardOfDirectory(claim),
      judge: (writer, certificate) => view().judge({ database, writer, certificate }),
      refusal: (entry, admission) => {
        const { header } = entry;
        if (header.type !== entryType.change) return "ENTRY_TYPE";
        if (hasTooManyParts(entry)) return "CHANGE_TOO_LARGE";
        if (header.seq <= this.#ends.of(header.writer, admission)) return null;
        return this.#ends.reason(header.writer, admission, header.seq);
      },
      deliver: (deliveries) => this.#gate(deliveries),
      deliverLate: (deliveries) => this.#sort(deliveries),
      quarantine: (entry, user, reason) => {
        quarantine.add(entry, null, { user, reason });
        // It may be what something of this device's waits for; not where it never counted.
        if (user !== "" && at.lacking().size > 0) this.#isToTry = true;
      },
    });
    const chains = { ...at, verifier, quarantine, ingest: this.#ingest, ends: this.#ends };
    this.own = new OwnChains(chains);
    this.#rebuilding = new Rebuilding({ ...chains, rights: this.#rights, fresh: this.#fresh, chains: this.own });
    this.#stale = this.#rebuilding.stale;
    this.#moves = new ChainMoves({ ...chains, stale: this.#stale });
    const isOwn = (writer: WriterKey): boolean => this.own.has(writer);
    this.#coverage = new Coverage({ ...at, verifier, ingest: this.#ingest, ends: this.#ends, isOwn });
  }

  /** Everything the store holds: nothing is announced. @param pause called after every few entries */
  load(pause: (entries: number) => Promise<void>): Promise<void> {
    return this.#working.run(async () => {
      this.#coverage.judged();
      this.#isLoading = true;
      this.#at.sayUnsealed(this.#at.state);
      await this.#ends.look([]);
      await this.#ingest.all(pause);
      if (await this.#moves.look()) await this.#moves.moveEnds();
      await this.own.look("all");
      await this.#moves.moveRights();
      await this.#rebuild();
      await this.#readAgain(null);
      await this.own.lookBack(this.#at.state);
      this.#fresh.clear();
      this.#isLoading = false;
      this.#isToTry = false; // whoever opens the database tries it first
    });
  }

  /** How far the documents are what a fresh open would make of them, and as of what; null while that is moving. */
  covered(): Promise<Covered | null> {
    const isSettled = (): boolean =>
      this.#stale.documents.size === 0 && !this.#parts.isUndecided && !this.#reads.isPutOff;
    return this.#working.run(() => this.#coverage.now(isSettled));
  }

  /** Runs that were just stored. Never rejects: what fails is reported, and read again when the database is opened. */
  apply(runs: readonly VerifiedRun[]): Promise<void> {
    return this.#then(async () => {
      // What came may be the branch that a cut names, or another.
      if (await this.#moves.look(runs)) await this.#moveEnds();
      const strangers = runs.filter(({ writer }) => this.#ingest.admissionOf(writer) === null);
      await this.#ingest.run(runs);
      if (strangers.length > 0 && (await this.#moves.look(strangers))) await this.#moveEnds();
      // What this device lost with its disk comes back.
      if (!runs.some(({ writer }) => this.#rights.deviceOf(writer) === this.#device)) return;
      await this.own.look("all");
      this.#isToTry = true;
    });
  }

  /** The admission of a writer, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    return this.#ingest.admissionOf(writer);
  }

  /** The directory or the keys changed. */
  reconsider(): Promise<void> {
    return this.#then(async () => {
      this.#coverage.judged();
      await this.#moves.look();
      await this.#moveEnds();
      await this.#moves.moveRights();
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
      if (this.own.has(run.writer)) return null;
      const append = [{ tenant, database: this.#at.database, run }];
      const [result] = await this.#moves.drop(run.writer, from, (drop) => store.commit({ drop, append }));
      return result ?? { type: "known" };
    });
  }

  /** This device's name, in hex. */
  get #device(): string {
    return hexOf(this.#at.context.keys.device.publicKey);
  }

  get #verifier(): Verifier {
    return this.#at.context.platform.crypto;
  }

  /**
   * Drops what these documents hold and builds them again from what counts of the chains that touch them. Live documents move in one
   * step; changes of this device that no entry holds yet stay, or wait and are reported.
   * @param others entries with something for these documents that nobody remembers
   */
  rebuild(documents: Iterable<DocId>, others: readonly VerifiedEntry[] = []): Promise<void> {
    return this.#then(async () => {
      for (const name of documents) {
        this.#stale.add(name);
        for (const entry of others) this.#stale.addFor(name, entry.header.writer);
      }
      for (const entry of others) this.#ingest.miss(entry);
    });
  }

  /**
   * Builds documents anew, without what this device made in them and no entry holds, and lets it go on in them: all that it has not sealed
   * is in these. Until then they are shown as they were.
   */
  renew(documents: Iterable<DocId>, goOn: GoOn): Promise<void> {
    const { state, shelf } = this.#at;
    const names = [...documents];
    return this.#working.run(async () => {
      await this.#moves.look();
      await this.#moveEnds();
      for (const name of names) this.#stale.add(name);
      const rebuilt = await this.#rebuilding.build();
      await goOn(rebuilt.state, this.#stale.documents);
      this.#rebuilding.adopt(rebuilt);
      this.#isToTry = false; // it was just tried, with all that was read for it
      this.#isAsideToTry = false;
      for (const name of names) {
        const record = state.documents.get(name);
        if (record === undefined) continue;
        shelf.outdate(record); // what is loaded may hold what never counted
        this.#fresh.note(record, "reset");
      }
      await this.#fresh.show(this.#at.shelf, this.#at.events);
    });
  }

  /** Gives what counts of the chains that touch some documents, or of all chains, chain by chain, as far as it was delivered. */
  read(names: ReadonlySet<DocId> | null, look: (deliveries: readonly Delivery[]) => void): Promise<void> {
    return this.#working.run(async () => {
      const all = this.#ingest.writers();
      const writers = names === null ? all : writersOf(this.#at.state, names, all);
      for (const writer of writers) await this.#ingest.replay({ writer, from: 0 }, look);
    });
  }

  /** The writers whose changes may count. */
  writers(): readonly WriterKey[] {
    return this.#ingest.writers();
  }

  /** Whether an entry lies beyond where its chain ends, as of now; false for a writer that is not known. */
  isBeyond(writer: WriterKey, seq: number): boolean {
    const admission = this.#ingest.admissionOf(writer);
    return admission !== null && this.#ends.now(writer, admission) < seq;
  }

  /** Whose the chains are that these first entries begin, as far as the directory lets them in; by writer in hex. */
  authorsOf(firsts: readonly VerifiedEntry[]): Promise<ReadonlyMap<string, Admission>> {
    return this.#ingest.authorsOf(firsts);
  }

  /** The last seq of an author's chain that cuts let stand, as of now: all of it where it is this device's own. */
  cut(writer: WriterKey, author: Admission): number {
    const isOwn = equalBytes(author.device, this.#at.context.keys.device.publicKey);
    return isOwn ? Number.POSITIVE_INFINITY : this.#ends.cut(writer, author);
  }

  /** What chains hold of some documents that may not count, as this state says, or was replaced: for `renew`. */
  lost(state: DocumentState, names: ReadonlySet<DocId>): ReturnType<typeof lostChanges> {
    return lostChanges(this.#stored, this.#lostChains(state, names), names);
  }

  /** Gives what is stored of the chains that may hold something of these documents that does not count. */
  readLost(names: ReadonlySet<DocId>, look: (delivery: Pick<Delivery, "entry" | "parts">) => void): Promise<void> {
    return this.#working.run(async () => {
      for (const { writer } of this.#lostChains(this.#at.state, names))
        for await (const delivery of openedEntries(this.#stored, writer)) look(delivery);
    });
  }

  get #stored(): LostChangesContext {
    const { context, entries } = this.#at;
    return { crypto: context.platform.crypto, ring: context.ring, entries };
  }

  #lostChains(state: DocumentState, names: ReadonlySet<DocId>): ReturnType<typeof lostChains> {
    const at = { ingest: this.#ingest, ends: this.#ends, rights: this.#at.rights, device: this.#device };
    return lostChains(at, state, names);
  }

  /** Until what is under way has ended; nothing else begins by itself. */
  close(): Promise<void> {
    for (const pace of [this.#rebuilds, this.#reads]) pace.stop();
    return this.#working.idle();
  }

  async #moveEnds(): Promise<void> {
    await this.#moves.moveEnds();
    await this.own.look("moved");
  }

  #then(work: () => Promise<void>): Promise<void> {
    return this.#working.run(() => this.#work(work)).catch(this.#at.context.platform.report);
  }

  async #work(work: () => Promise<void>): Promise<void> {
    await work();
    await this.#readAgain(this.#reads);
    await this.#rebuild();
    await this.#fresh.show(this.#at.shelf, this.#at.events);
    // What this device's work lacks may have come, and wait itself.
    if (!this.#isToTry && !this.#at.state.waiting.holdsAny(this.#at.lacking())) return;
    this.#isToTry = false;
    const isAside = this.#isAsideToTry;
    this.#isAsideToTry = false;
    if (isAside || this.own.isHeldBack || this.own.notRemade().size > 0) this.#at.ownWait();
  }

  #readAgain(pace: Pace | null): Promise<void> {
    return readAgain(this.#ingest, this.#parts, { deliver: (deliveries) => this.#gate(deliveries), pace });
  }

  /** @returns how many changes passed */
  #gate(deliveries: readonly Delivery[]): number {
    const fresh = this.#parts.receive(deliveries);
    const { documents, waiting } = this.#at.state;
    if (!this.#isLoading) for (const [record, changes] of fresh) this.#fresh.note(record, changes);
    // Nobody looked at a document yet. Where something found no room, those that moved on are held.
    else if (!waiting.isShort) documents.pack(fresh.keys());
    let passed = 0;
    for (const changes of fresh.values()) passed += changes.length;
    return passed;
  }

  /** Late parts of documents that are new here are delivered; other documents have to be built anew. */
  #sort(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      for (const part of delivery.parts) {
        const name = nameIn(this.#verifier, delivery, part);
        if (name !== null && !this.#begun.has(name) && isTouched(this.#at.state, name)) {
          this.#stale.addFor(name, delivery.entry.header.writer);
        } else {
          if (name !== null) this.#begun.add(name);
          this.#gate([{ ...delivery, parts: [part] }]);
        }
      }
    }
  }

  async #rebuild(): Promise<void> {
    this.#begun.clear();
    if (this.#parts.isUndecided && this.#rebuilds.may()) {
      this.#rebuilds.spend(1);
      for (const name of this.#parts.takeUndecided()) this.#stale.add(name);
    }
    if (this.#stale.documents.size === 0) return;
    // INVARIANT: nobody edits a document from which something is gone that is about to be made anew (renewed-edits.test.ts).
    if (!this.#isLoading && this.#at.isLeaving()) return;
    this.#isAsideToTry ||= this.#at.hasAside(this.#stale.documents);
    const rebuilt = await this.#rebuilding.build();
    this.#isToTry = true;
    if (this.#rebuilding.keepOwn(rebuilt) && !this.#isLoading && this.#rebuilding.holdBack()) return;
    this.#rebuilding.adopt(rebuilt);
  }
}
