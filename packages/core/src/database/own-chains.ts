import { type DatabaseId, equalBytes, fromHex, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { refusalOf } from "../automerge/change-error.ts";
import { showsAgain } from "../automerge/remake.ts";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { DocumentState } from "../document/document-state.ts";
import { type LostSpan, notRemadeIn, ownSpans } from "../document/own-waiting.ts";
import { changesIn, copyIn, nameIn, type UnheardChange } from "../document/part-contents.ts";
import type { Purged } from "../document/purged.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { Ingest } from "../replica/ingest.ts";
import { mergeReplacements } from "../sealing/change-part.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import type { ChainEnds, ChainOf } from "./chain-ends.ts";

/** What counts nowhere. */
export interface Beyond {
  /** Unless they are made anew. */
  readonly changes: readonly UnheardChange[];
  /** What `copyToKey` made: nobody else can create it, and whom it lets in is not for this device to say again. */
  readonly copies: ReadonlySet<DocId>;
}

export interface OwnChainsContext {
  readonly context: Pick<TenantContext, "keys">;
  readonly verifier: Verifier;
  readonly database: DatabaseId;
  readonly ingest: Ingest;
  readonly ends: ChainEnds;
  readonly state: Pick<DocumentState, "documents" | "waiting" | "replaced">;
  view(): DirectoryView;
  /** The writer this device writes as, if it has begun. */
  own(): WriterKey | null;
}

/** The chains that this device wrote. */
export class OwnChains {
  readonly #at: OwnChainsContext;
  /** Writers that it wrote as since the database was opened. */
  readonly #mine = new Set<string>();
  /** By writer, of chains that ended: where, and what lies beyond. */
  readonly #lost = new Map<string, { readonly end: number; readonly spans: readonly LostSpan[] }>();

  #heldBack: WriterKey | null = null;

  constructor(at: OwnChainsContext) {
    this.#at = at;
  }

  get isHeldBack(): boolean {
    return this.#heldBack !== null;
  }

  /** Changes made as this writer would wait in documents that were built anew and are not shown yet; null for none. */
  holdBack(writer: WriterKey | null): void {
    this.#heldBack = writer;
  }

  /** Entries of this device were stored. */
  took({ runs, admission }: Pick<SealedEntries, "runs" | "admission">, self: () => Admission): void {
    const { ingest, ends, view } = this.#at;
    // Of a chain that began just now: what its certificate names may have ended meanwhile.
    const named = admission === null ? undefined : view().admission(admission);
    for (const run of runs) {
      this.#mine.add(toHex(run.writer));
      ends.of(
        run.writer,
        ingest.own(run, () => named ?? self()),
      );
    }
  }

  has(writer: WriterKey): boolean {
    const own = this.#at.own();
    return this.#mine.has(toHex(writer)) || (own !== null && toHex(own) === toHex(writer));
  }

  /** Whether the directory has ended a chain of this device, as of now. */
  isEnded(writer: WriterKey): boolean {
    const { ingest, ends, view, database } = this.#at;
    const admission = ingest.admissionOf(writer);
    if (admission === null) return false;
    this.#mine.add(toHex(writer)); // of what this device wrote as nothing is dropped before it is made anew
    // Whoever else holds the key of a chain that forks may go on with it, also where this device's branch counts.
    if (view().forkOf(database, writer) !== undefined) return true;
    return ends.now(writer, admission) < Number.POSITIVE_INFINITY;
  }

  /** What lies beyond the ends of this device's chains, as of when it was last looked. */
  *lost(): Iterable<LostSpan> {
    for (const { spans } of this.#lost.values()) yield* spans;
  }

  /** Whether changes wait, or would, that this device made as this writer, in any document. */
  hasWaiting(writer: WriterKey): boolean {
    const { verifier, state } = this.#at;
    if (this.#heldBack !== null && equalBytes(this.#heldBack, writer)) return true;
    for (const { name, actor } of ownSpans(state.waiting, toHex(this.#device)))
      if (equalBytes(actor, actorOf(verifier, writer, fromHex(name), null))) return true;
    return false;
  }

  /** Documents in which something of this device does not count that it has not made anew. */
  notRemade(): ReadonlySet<DocId> {
    const { waiting, replaced, documents } = this.#at.state;
    const device = toHex(this.#device);
    const names = notRemadeIn(replaced, device, [...ownSpans(waiting, device), ...this.lost()]);
    return new Set([...names].filter((name) => !documents.purged.has(name)));
  }

  /** Whether this device said that it made anew what a row of its journal holds. */
  hasRemade(row: JournalRow): boolean {
    const { verifier, state } = this.#at;
    const change = refusalOf(() => parseChange(row.change, verifier.sha256));
    return typeof change !== "string" && state.replaced.has(docIdOf(row), toHex(this.#device), change);
  }

  /** Looks what lies beyond the ends of this device's chains: of those that end elsewhere than they did, or of all. */
  async look(which: "all" | "moved"): Promise<void> {
    for (const { writer, admission } of this.#chains()) {
      const end = this.#at.ends.now(writer, admission);
      if (which === "moved" && end === (this.#lost.get(toHex(writer))?.end ?? Number.POSITIVE_INFINITY)) continue;
      await this.beyond(writer);
    }
  }

  /**
   * Looks where something shows that this device had taken the place of beyond the end of a chain, or in what waits: it did not count when
   * that was made anew. Neither is withdrawn where that would count again: it does not count itself.
   */
  async lookBack(state: OwnChainsContext["state"]): Promise<void> {
    const { documents, replaced } = state;
    for (const { writer } of this.#chains()) {
      const spans = this.#lost.get(toHex(writer))?.spans ?? [];
      const isThere = ({ name }: LostSpan): boolean => replaced.isSaidIn(name) && documents.get(name) !== undefined;
      if (!spans.some(isThere)) continue;
      const { changes } = await this.beyond(writer);
      for (const [name, some] of Map.groupBy(changes, docIdOf)) this.#lookBackAt(state, name, some.map(changeOf));
    }
    for (const [name, spans] of Map.groupBy(ownSpans(state.waiting, toHex(this.#device)), (span) => span.name)) {
      if (!replaced.isSaidIn(name)) continue;
      const actors = new Set(spans.map(({ actor }) => toHex(actor)));
      const own = [...state.waiting.list(name)].filter(({ change }) => actors.has(toHex(change.actor)));
      this.#lookBackAt(state, name, own.map(changeOf));
    }
  }

  /** @param changes of this device, that do not count */
  #lookBackAt(
    { documents, replaced }: Pick<DocumentState, "documents" | "replaced">,
    name: DocId,
    changes: readonly ChangeChunk[],
  ): void {
    const device = toHex(this.#device);
    const record = documents.get(name);
    const lost = changes.filter((change) => replaced.has(name, device, change));
    if (record === undefined || lost[0] === undefined) return;
    const ground = record.changes.map((bytes) => parseChange(bytes, documents.sha256));
    if (showsAgain(lost, { ground, lost, actor: lost[0].actor })) replaced.returns(name, device);
  }

  /** What lies beyond the end of a chain of this device, which may have grown since it was looked at. */
  async beyond(writer: WriterKey): Promise<Beyond> {
    const { ingest, ends, verifier } = this.#at;
    const admission = ingest.admissionOf(writer);
    const changes: UnheardChange[] = [];
    const copies = new Set<DocId>();
    if (admission === null) return { changes, copies };
    const end = ends.now(writer, admission);
    await ingest.inspect({ writer, from: end + 1 }, (deliveries) => {
      for (const delivery of deliveries)
        for (const part of delivery.parts) {
          changes.push(...changesIn(verifier, delivery, part));
          const copy = copyIn(verifier, delivery, part);
          if (copy !== null) copies.add(copy);
        }
    });
    this.#lost.set(toHex(writer), { end, spans: spansOf(writer, changes) });
    return { changes, copies };
  }

  /** How many changes of this device are late, of these documents. */
  async late(documents: ReadonlySet<DocId>, purged: Purged): Promise<ReadonlyMap<DocId, number>> {
    const { ingest, verifier } = this.#at;
    const late = new Map<DocId, number>();
    for (const { writer } of this.#chains()) {
      await ingest.inspect({ writer, from: 0 }, (deliveries) => {
        for (const delivery of deliveries)
          for (const part of delivery.parts) {
            const name = nameIn(verifier, delivery, part);
            if (name === null || !documents.has(name)) continue;
            if (purged.fateOf(name, delivery.entry.id, part.index) !== "late") continue;
            late.set(name, (late.get(name) ?? 0) + changesIn(verifier, delivery, part).length);
          }
      });
    }
    return late;
  }

  /** This device's signing key. */
  get #device(): Uint8Array {
    return this.#at.context.keys.device.publicKey;
  }

  /** The chains of this device that are here. */
  #chains(): readonly ChainOf[] {
    const { ingest } = this.#at;
    return ingest.writers().flatMap((writer) => {
      const admission = ingest.admissionOf(writer);
      return admission !== null && equalBytes(admission.device, this.#device) ? [{ writer, admission }] : [];
    });
  }
}

/** What lies beyond the end of one chain, by document. */
function spansOf(writer: WriterKey, changes: readonly UnheardChange[]): readonly LostSpan[] {
  return [...Map.groupBy(changes, docIdOf)].flatMap(([name, some]) => {
    const [first, last] = [some[0]?.change, some.at(-1)?.change];
    if (first === undefined || last === undefined) return [];
    const replaces = mergeReplacements(some.flatMap(({ replaces = [] }) => replaces));
    return [{ name, writer, actor: first.actor, first: first.seq, last: last.seq, replaces }];
  });
}

const changeOf = ({ change }: { readonly change: ChangeChunk }): ChangeChunk => change;
