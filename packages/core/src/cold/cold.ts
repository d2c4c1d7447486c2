import type { Vector } from "@selkie/entry";
import { type Load, Loading } from "../database/loading.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import type { EarlyDocuments } from "./early-documents.ts";
import { handOver } from "./hand-over.ts";
import { type OpenEarlyContext, openEarly } from "./open-early.ts";
import { Pages } from "./pages.ts";
import { Projector, type ProjectorContext } from "./projector.ts";

export interface ColdContext
  extends Omit<OpenEarlyContext, "pages" | "rows" | "isMissing">,
    Omit<ProjectorContext, "pages" | "platform" | "covered" | "documents"> {
  readonly documents: Documents;
  readonly missing: Pick<MissingParts, "isMissing">;
  readonly received: Pick<ProjectorContext, "covered">;
  readonly load: Load;
  /** Takes up what no entry holds, and calls back before anything goes on that follows on it. */
  takeUp(handOver: () => Promise<void>): Promise<void>;
}

/** A database that is about to be loaded, and what is shown of it until then. */
export interface Cold {
  readonly loading: Loading;
  readonly early: EarlyDocuments | null;
  readonly projector: Projector;
}

export async function openCold(at: ColdContext): Promise<Cold> {
  const { context, entries, events, journal, missing, received } = at;
  const { platform, store, local } = context;
  const random = (length: number): Uint8Array => platform.crypto.randomBytes(length);
  const pages = await Pages.open({ database: entries.database, store, local, random });
  const early = await openEarly({ ...at, pages, rows: journal.rows, isMissing: (entry) => missing.isMissing(entry) });
  const projector = new Projector({ ...at, platform, pages, covered: () => received.covered() });
  const of = countOf(await entries.vector());
  let moved: readonly DocId[] = [];
  const loading = new Loading({
    platform,
    load: at.load,
    onProgress: (count) => void (early !== null && events.emit("verifying", { entries: count, of })),
    onLoaded: () =>
      at.takeUp(async () => {
        const others = early === null ? [] : await handOver(early, at.documents, at.shelf);
        projector.begin(early?.touched ?? null);
        moved = others.map(({ name }) => name);
        for (const id of moved) events.emit("change", { id });
      }),
    verify: async (pause) => {
      if (early === null) return;
      const wrong = await projector.verify(pause);
      events.emit("verified", { corrected: [...moved, ...wrong] }); // what moved is noted already: it is not in both
    },
  });
  return { loading, early, projector };
}

function countOf(vector: Vector): number {
  return [...vector.values()].reduce((sum, { seq }) => sum + seq + 1, 0);
}
