import { type DatabaseId, equalBytes, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocId } from "../document/doc-id.ts";
import { changesIn, copyIn, nameIn, type UnheardChange } from "../document/part-contents.ts";
import type { Purged } from "../document/purged.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import type { ChainEnds } from "./chain-ends.ts";

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
  view(): DirectoryView;
  /** The writer this device writes as, if it has begun. */
  own(): WriterKey | null;
}

/** The chains that this device wrote. */
export class OwnChains {
  readonly #at: OwnChainsContext;
  /** Writers that it wrote as since the database was opened. */
  readonly #mine = new Set<string>();

  constructor(at: OwnChainsContext) {
    this.#at = at;
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

  /** What lies beyond the end of a chain of this device. */
  async beyond(writer: WriterKey): Promise<Beyond> {
    const { ingest, ends, verifier } = this.#at;
    const admission = ingest.admissionOf(writer);
    const changes: UnheardChange[] = [];
    const copies = new Set<DocId>();
    if (admission === null) return { changes, copies };
    const from = ends.now(writer, admission) + 1;
    await ingest.inspect({ writer, from }, (deliveries) => {
      for (const delivery of deliveries)
        for (const part of delivery.parts) {
          changes.push(...changesIn(verifier, delivery, part));
          const copy = copyIn(verifier, delivery, part);
          if (copy !== null) copies.add(copy);
        }
    });
    return { changes, copies };
  }

  /** How many changes of this device are late, of these documents. */
  async late(documents: ReadonlySet<DocId>, purged: Purged): Promise<ReadonlyMap<DocId, number>> {
    const { ingest, verifier, context } = this.#at;
    const late = new Map<DocId, number>();
    for (const writer of ingest.writers()) {
      const admission = ingest.admissionOf(writer);
      if (admission === null || !equalBytes(admission.device, context.keys.device.publicKey)) continue;
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
}
