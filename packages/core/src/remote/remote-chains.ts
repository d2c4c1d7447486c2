import {
  type AppendResult,
  entryType,
  equalBytes,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { ChainEnds } from "../database/chain-ends.ts";
import { ChainMoves } from "../database/chain-moves.ts";
import type { KeyRights } from "../database/key-rights.ts";
import { StaleDocuments } from "../database/stale-documents.ts";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocId } from "../document/doc-id.ts";
import { hasTooManyParts } from "../document/part-contents.ts";
import type { Delivery, EntryRefusalCode } from "../replica/delivery.ts";
import { Ingest } from "../replica/ingest.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { NamedEntries } from "../replica/named-entries.ts";
import type { Quarantine } from "../replica/quarantine.ts";
import type { ReadableParts } from "../replica/readable-parts.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import { Serial } from "../serial.ts";
import type { DirectoryClaim } from "../tenant/directory-claims.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { RemoteIndex } from "./remote-index.ts";

export interface RemoteChainsContext {
  readonly context: TenantContext;
  readonly entries: EntryStore;
  readonly rights: KeyRights;
  readonly named: NamedEntries;
  readonly missing: MissingParts;
  readonly readable: ReadableParts;
  readonly quarantine: Quarantine;
  readonly index: RemoteIndex;
  view(): DirectoryView;
  /** An entry that counts says that its author has seen these. */
  heard(heads: readonly WriterHead[]): Promise<void>;
  /** An entry that counts names directory heads. */
  heardOfDirectory(claim: DirectoryClaim): Promise<void>;
  /** Something else may count of these documents than before. */
  changed(names: ReadonlySet<DocId>): void;
}

/**
 * From stored entries to what is known of documents without their changes. Entries are judged as in a whole replica; when something that
 * was read counts no more, or counts again, all entries are gone through anew, which opens little.
 */
export class RemoteChains {
  readonly #at: RemoteChainsContext;
  readonly #ingest: Ingest;
  readonly #ends: ChainEnds;
  readonly #moves: ChainMoves;
  readonly #working = new Serial();
  /** What came since it was last announced. */
  readonly #fresh = new Set<DocId>();

  constructor(at: RemoteChainsContext) {
    this.#at = at;
    const { context, entries, named, view, rights, quarantine } = at;
    const { database } = entries;
    const verifier = context.platform.crypto;
    this.#ends = new ChainEnds({ verifier, database, entries, named, view });
    const note = (deliveries: readonly Delivery[]): void => this.#note(deliveries);
    this.#ingest = new Ingest({
      ...{ crypto: verifier, tenant: context.tenant, database, entries, ring: context.ring },
      report: context.platform.report,
      opens: ["change", "contents"],
      stored: (run) => at.missing.stored(run),
      holed: (entry) => at.missing.holed(entry),
      heard: (heads) => at.heard(heads),
      heardOfDirectory: (claim) => at.heardOfDirectory(claim),
      judge: (writer, certificate) => view().judge({ database, writer, certificate }),
      refusal: (entry, admission) => this.#refusal(entry, admission),
      deliver: (deliveries) => {
        note(deliveries);
        return 0; // no change is judged here
      },
      deliverLate: note,
      quarantine: (entry, user, reason) => quarantine.add(entry, null, { user, reason }),
    });
    const stale = new StaleDocuments(verifier);
    this.#moves = new ChainMoves({
      ...{ context, database, entries, ingest: this.#ingest, ends: this.#ends, rights, quarantine, stale },
    });
  }

  /** Everything the store holds: nothing is announced. */
  load(): Promise<void> {
    return this.#working.run(async () => {
      await this.#ends.look([]);
      await this.#ingest.all(async () => undefined);
      if (await this.#moves.look()) await this.#goThrough();
      this.#fresh.clear();
    });
  }

  /** Runs that were just stored. Never rejects: what fails is reported, and read again when the database is opened. */
  apply(runs: readonly VerifiedRun[]): Promise<void> {
    return this.#then(async () => {
      const isMoved = await this.#moves.look(runs);
      await this.#ingest.run(runs);
      if (isMoved || (await this.#moves.look(runs))) await this.#goThrough();
    });
  }

  /** The directory or the keys changed. */
  reconsider(): Promise<void> {
    return this.#then(async () => {
      await this.#at.readable.look();
      await this.#ingest.reconsider();
      await this.#moves.look();
      await this.#goThrough();
    });
  }

  /** Puts a run in the place of what is stored of its chain from a seq on; null for a chain of this device. */
  replace(run: VerifiedRun, from: number): Promise<AppendResult | null> {
    return this.#working.run(async () => {
      const { context, entries } = this.#at;
      const device = this.admissionOf(run.writer)?.device;
      if (device !== undefined && equalBytes(device, context.keys.device.publicKey)) return null;
      const append = [{ tenant: context.tenant, database: entries.database, run }];
      const commit = context.store.commit.bind(context.store);
      const [result] = await this.#moves.drop(run.writer, from, (drop) => commit({ drop, append }));
      await this.#goThrough();
      return result ?? { type: "known" };
    });
  }

  /** The admission of a writer, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    return this.#ingest.admissionOf(writer);
  }

  /** Whose the chains are that these first entries begin, as far as the directory lets them in; by writer in hex. */
  authorsOf(firsts: readonly VerifiedEntry[]): Promise<ReadonlyMap<string, Admission>> {
    return this.#ingest.authorsOf(firsts);
  }

  /** Whether an entry lies beyond where its chain ends, as of now; false for a writer that is not known. */
  isBeyond(writer: WriterKey, seq: number): boolean {
    const admission = this.admissionOf(writer);
    return admission !== null && this.#ends.now(writer, admission) < seq;
  }

  /** The last seq of an author's chain that cuts let stand, as of now: all of it where it is this device's own. */
  cut(writer: WriterKey, author: Admission): number {
    const isOwn = equalBytes(author.device, this.#at.context.keys.device.publicKey);
    return isOwn ? Number.POSITIVE_INFINITY : this.#ends.cut(writer, author);
  }

  /** Until what is under way has ended. */
  close(): Promise<void> {
    return this.#working.idle();
  }

  #refusal(entry: VerifiedEntry, admission: Admission): EntryRefusalCode | null {
    const { writer, seq, type } = entry.header;
    if (type !== entryType.change) return "ENTRY_TYPE";
    if (hasTooManyParts(entry)) return "CHANGE_TOO_LARGE";
    return seq <= this.#ends.of(writer, admission) ? null : this.#ends.reason(writer, admission, seq);
  }

  /** From the first entry on, with chains that end, and rights that are, as the directory says now. */
  async #goThrough(): Promise<void> {
    const { index } = this.#at;
    await this.#moves.moveEnds();
    const before = index.clear();
    await this.#moves.moveRights();
    for (const writer of this.#ingest.writers())
      await this.#ingest.replay({ writer, from: 0 }, (deliveries) => void index.note(deliveries));
    for (const name of new Set([...before.keys(), ...index.names()]))
      if (before.get(name) !== index.digestOf(name)) this.#fresh.add(name);
  }

  #note(deliveries: readonly Delivery[]): void {
    for (const name of this.#at.index.note(deliveries)) this.#fresh.add(name);
  }

  #then(work: () => Promise<void>): Promise<void> {
    const run = async (): Promise<void> => {
      await work();
      const names = new Set(this.#fresh);
      this.#fresh.clear();
      if (names.size > 0) this.#at.changed(names);
    };
    return this.#working.run(run).catch(this.#at.context.platform.report);
  }
}
