import { equalBytes, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { ChainEnds } from "../database/chain-ends.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { Purge } from "../directory/purges.ts";
import type { Purged } from "../document/purged.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { basisOf } from "./basis.ts";
import type { Covered } from "./covered.ts";

export interface CoverageContext {
  readonly verifier: Verifier;
  readonly context: Pick<TenantContext, "ring" | "parts">;
  readonly entries: Pick<EntryStore, "vector" | "database">;
  readonly ingest: Pick<Ingest, "isCaughtUp">;
  readonly ends: Pick<ChainEnds, "ended">;
  readonly missing: Pick<MissingParts, "isWhole">;
  /** With the purges that were carried out on the documents. */
  readonly state: { readonly documents: { readonly purged: Pick<Purged, "purges"> } };
  view(): DirectoryView;
  /** Whether this device began a chain since the database was opened. */
  isOwn(writer: WriterKey): boolean;
}

/** How far the documents of a database are what a fresh open would make of them, and as of what. */
export class Coverage {
  readonly #at: CoverageContext;
  /** Of the directory that all of them were judged by last. */
  #directory: Uint8Array | null = null;

  constructor(at: CoverageContext) {
    this.#at = at;
  }

  /** All is about to be judged by what the directory says now. */
  judged(): void {
    this.#directory = this.#at.view().digest();
  }

  /** Null while that is moving. @param isSettled whether nothing is to be built anew */
  async now(isSettled: () => boolean): Promise<Covered | null> {
    const { verifier, context, entries, ingest, ends, missing, view, isOwn } = this.#at;
    const tags = await context.ring.tags(entries.database);
    const vector = await entries.vector();
    // From here on nothing moves.
    const directory = view().digest();
    if (directory === null || this.#directory === null || !equalBytes(directory, this.#directory)) return null;
    if (!this.#isPurged() || !isSettled() || !missing.isWhole) return null;
    if (!ingest.isCaughtUp(vector, tags, isOwn)) return null;
    return { basis: basisOf(verifier, { directory, tags, parts: context.parts }), vector, ended: ends.ended() };
  }

  /** Whether the purges that count are those that the documents went by: they follow the directory a little later. */
  #isPurged(): boolean {
    const { view, entries, state } = this.#at;
    const ids = (purges: readonly Purge[]): string => purges.map(({ id }) => id).join();
    return ids(view().purges.get(toHex(entries.database)) ?? []) === ids(state.documents.purged.purges);
  }
}
