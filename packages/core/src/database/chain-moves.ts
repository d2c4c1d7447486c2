import { type DatabaseId, toHex, type VerifiedEntry, type VerifiedRun, type WriterKey } from "@selkie/entry";
import { type EntryStore, readRuns, type StoreDrop } from "@selkie/store";
import { admissionName } from "../directory/admission.ts";
import type { Delivery, EntryRefusalCode } from "../replica/delivery.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { Quarantine } from "../replica/quarantine.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { ChainEnds, ChainOf } from "./chain-ends.ts";
import type { KeyRights } from "./key-rights.ts";
import type { StaleDocuments } from "./stale-documents.ts";

export interface ChainMovesContext {
  readonly context: TenantContext;
  readonly database: DatabaseId;
  readonly entries: EntryStore;
  readonly ingest: Ingest;
  readonly ends: ChainEnds;
  readonly rights: KeyRights;
  readonly quarantine: Quarantine;
  readonly stale: StaleDocuments;
}

/** Reasons that pass when a chain ends elsewhere. */
const ENDED: readonly EntryRefusalCode[] = ["BEHIND_FORK", "BEYOND_CUT"];

/** What counts of the chains moves: their ends, the rights of their authors, the branch that is stored. Documents that it touches become stale. */
export class ChainMoves {
  readonly #at: ChainMovesContext;

  constructor(at: ChainMovesContext) {
    this.#at = at;
  }

  /** Looks which branches are stored of all chains, or of those of these runs alone. @returns whether that may move an end */
  look(runs: readonly VerifiedRun[] | null = null): Promise<boolean> {
    return this.#at.ends.look(this.#chains(runs));
  }

  /** Chains end elsewhere than they did: documents that something between there and here is of are built anew. */
  async moveEnds(): Promise<void> {
    const { ingest, ends } = this.#at;
    for (const writer of ingest.writers()) {
      const admission = ingest.admissionOf(writer);
      const from = admission === null ? null : ends.move(writer, admission);
      if (from !== null) await ingest.inspect({ writer, from }, (deliveries) => this.#outdate(deliveries));
    }
  }

  /** A key is due to somebody to whom it was not, or no more: documents with parts under it are built anew. */
  async moveRights(): Promise<void> {
    const { ingest, rights, stale } = this.#at;
    const moved = Map.groupBy(rights.move(), ({ admission }) => admissionName(admission.id));
    if (moved.size === 0) return;
    for (const writer of ingest.writers()) {
      const admission = ingest.admissionOf(writer);
      const lostOrGained = admission === null ? undefined : moved.get(admissionName(admission.id));
      if (lostOrGained === undefined) continue;
      const keys = new Set(lostOrGained.map(({ keyId }) => toHex(keyId)));
      await ingest.inspect({ writer, from: 0 }, (deliveries) => {
        for (const delivery of deliveries)
          stale.mark(
            delivery,
            delivery.parts.filter((part) => part.type === "opened" && keys.has(toHex(part.key.keyId))),
          );
      });
    }
  }

  /** Drops the end of a chain from a seq on, by `commit`: it is of a branch that does not count. */
  async drop<Result>(
    writer: WriterKey,
    from: number,
    commit: (drop: readonly StoreDrop[]) => Promise<Result>,
  ): Promise<Result> {
    const { context, database, entries, ingest, ends, quarantine } = this.#at;
    await ingest.inspect({ writer, from }, (deliveries) => this.#outdate(deliveries));
    const gone: VerifiedEntry[] = [];
    for await (const run of readRuns(entries, writer, from)) gone.push(...run.entries);
    const result = await commit([{ tenant: context.tenant, database, writer, from }]);
    for (const entry of gone) quarantine.forget(entry);
    ingest.setBack(writer, from);
    ends.forget(writer, from);
    return result;
  }

  /** The chains whose authors are known; those of these runs alone. */
  #chains(runs: readonly VerifiedRun[] | null): readonly ChainOf[] {
    const { ingest } = this.#at;
    const writers = runs === null ? ingest.writers() : new Set(runs.map(({ writer }) => writer));
    return [...writers].flatMap((writer) => {
      const admission = ingest.admissionOf(writer);
      return admission === null ? [] : [{ writer, admission }];
    });
  }

  #outdate(deliveries: readonly Delivery[]): void {
    const { ends, quarantine, stale } = this.#at;
    for (const delivery of deliveries) {
      const { entry, admission, parts } = delivery;
      const { writer, seq } = entry.header;
      for (const reason of ENDED) quarantine.release(entry, reason);
      if (seq > ends.of(writer, admission))
        quarantine.add(entry, null, { user: admission.name, reason: ends.reason(writer, admission, seq) });
      stale.mark(delivery, parts);
    }
  }
}
