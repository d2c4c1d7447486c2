import type { Vector } from "@selkie/entry";
import { type Load, Loading } from "../database/loading.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { Shelf } from "../document/shelf.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import { CurrentRows } from "./current-rows.ts";
import type { EarlyDocuments } from "./early-documents.ts";
import { handOver } from "./hand-over.ts";
import { type OpenEarlyContext, openEarly } from "./open-early.ts";
import { Pages } from "./pages.ts";
import { Projector, type ProjectorContext } from "./projector.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";
import type { Snapshots } from "./snapshots.ts";

export interface ColdContext
  extends Omit<OpenEarlyContext, "pages" | "rows" | "isMissing" | "readSaved">,
    Omit<ProjectorContext, "pages" | "platform" | "covered" | "documents" | "keeper"> {
  readonly documents: Documents;
  readonly shelf: Shelf;
  readonly snapshots: Snapshots;
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
  /** For one reader. */
  currentRows(): CurrentRows;
}

export async function openCold(at: ColdContext): Promise<Cold> {
  const { context, entries, events, journal, missing, received, shelf, snapshots } = at;
  const { platform, store, local } = context;
  const random = (length: number): Uint8Array => platform.crypto.randomBytes(length);
  const pages = await Pages.open({ database: entries.database, store, local, random });
  const early = await openEarly({
    ...{ ...at, pages, rows: journal.rows },
    isMissing: (entry) => missing.isMissing(entry),
    readSaved: async (id, heads) => {
      const saved = await snapshots.read(id);
      return saved?.heads.join() === heads.join() ? (await shelf.automerge()).readSaved(saved.pieces, heads) : null;
    },
  });
  const keeper = new SnapshotKeeper(at);
  const projector = new Projector({ ...at, platform, pages, keeper, covered: () => received.covered() });
  const of = countOf(await entries.vector());
  let moved: readonly DocId[] = [];
  let read = 0;
  const onProgress = (entries: number): void => {
    read = entries;
    if (early !== null) events.emit("verifying", { entries, of });
  };
  const loading = new Loading({
    platform,
    load: async (pause) => {
      await at.load(pause);
      if (read < of) onProgress(of); // what is damaged was looked for, too
    },
    onProgress,
    onLoaded: () =>
      at.takeUp(async () => {
        const others = early === null ? [] : await handOver(early, at.documents, at.shelf);
        // A statement, or a key, that came before the entries were read may have moved any document.
        const isAsShown = early !== null && (await received.covered())?.basis === pages.head?.basis;
        projector.begin(isAsShown ? early.touched : null);
        moved = others.map(({ name }) => name);
        for (const id of moved) events.emit("change", { id });
      }),
    verify: async (pause) => {
      if (early === null) return;
      const wrong = await projector.verify(pause);
      events.emit("verified", { corrected: [...moved, ...wrong] }); // what moved is noted already: it is not in both
    },
  });
  const currentRows = (): CurrentRows => new CurrentRows(pages, (id) => projector.isCurrent(id));
  return { loading, early, projector, currentRows };
}

function countOf(vector: Vector): number {
  return [...vector.values()].reduce((sum, { seq }) => sum + seq + 1, 0);
}
