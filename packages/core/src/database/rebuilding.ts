import { toHex, type Verifier } from "@selkie/entry";
import { writersOf } from "../document/document-state.ts";
import { RebuiltDocuments } from "../document/rebuilt-documents.ts";
import type { Rights } from "../document/received-parts.ts";
import type { Delivery } from "../replica/delivery.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { FreshChanges } from "./fresh-changes.ts";
import type { OwnChains } from "./own-chains.ts";
import { readAgain } from "./read-again.ts";
import type { ReceivedChangesContext } from "./received-changes-context.ts";
import { StaleDocuments } from "./stale-documents.ts";

export interface RebuildingContext
  extends Pick<ReceivedChangesContext, "state" | "shelf" | "sayUnsealed" | "own" | "mustLeave"> {
  readonly verifier: Verifier;
  readonly ingest: Ingest;
  readonly rights: Rights;
  readonly fresh: FreshChanges;
  readonly chains: OwnChains;
}

/** Builds documents anew, beside those that are shown, from what counts of the chains that touch them. */
export class Rebuilding {
  readonly stale: StaleDocuments;
  readonly #at: RebuildingContext;

  constructor(at: RebuildingContext) {
    this.#at = at;
    this.stale = new StaleDocuments(at.verifier);
  }

  /** All that are stale, without what this device made and no entry holds. */
  async build(): Promise<RebuiltDocuments> {
    const { state, ingest, rights, sayUnsealed, chains } = this.#at;
    const { documents, writers: late } = this.stale;
    const rebuilt = new RebuiltDocuments(state, rights, documents);
    const receive = (deliveries: readonly Delivery[]): void => void rebuilt.received.receive(deliveries);
    const lateNames = new Set([...late].map(toHex));
    const writers = ingest.writers();
    const touching = writersOf(state, documents, writers);
    for (const writer of writers)
      if (lateNames.has(toHex(writer)) || touching.has(writer)) await ingest.replay({ writer, from: 0 }, receive);
    await readAgain(ingest, rebuilt.received, { deliver: receive, pace: null });
    sayUnsealed(rebuilt.state);
    rebuilt.withdrawReplaced();
    await chains.lookBack(rebuilt.state);
    return rebuilt;
  }

  /** Keeps in them what this device made and no entry holds yet. @returns whether anything waits that it made in the chain there is */
  keepOwn(rebuilt: RebuiltDocuments): boolean {
    const writer = this.#at.own();
    return writer !== null && rebuilt.keepOwn(writer);
  }

  /**
   * What this device made in the chain there is would wait in them. They are shown once it is made anew in another chain.
   * @returns false when there will be no other: what waits, waits
   */
  holdBack(): boolean {
    const { own, chains, mustLeave } = this.#at;
    chains.holdBack(own());
    return mustLeave();
  }

  /** Puts these in the place of those that are shown. */
  adopt(rebuilt: RebuiltDocuments): void {
    const { shelf, fresh, chains } = this.#at;
    this.stale.clear();
    chains.holdBack(null);
    for (const [record, changes] of rebuilt.adopt()) {
      if (changes === "reset") shelf.outdate(record);
      fresh.note(record, changes);
    }
  }
}
