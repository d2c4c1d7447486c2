import type { CryptoProvider } from "@selkie/crypto";
import { type DatabaseId, type EntryId, equalBytes, toHex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import { PartNames, type Purge } from "../directory/purges.ts";
import type { PartName } from "../directory/statement.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { DocumentState } from "../document/document-state.ts";
import type { Purged } from "../document/purged.ts";
import { isHold } from "../hold-code.ts";
import type { Journal } from "../journal/journal.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { documentsIn, partsOf } from "../replica/document-parts.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import type { DatabaseEvents } from "./database.ts";
import type { LocalWrites } from "./local-writes.ts";
import type { PurgeHost } from "./purge-host.ts";
import { takePurgeNews } from "./purge-news.ts";
import type { ReceivedChanges } from "./received-changes.ts";

export interface PurgesContext {
  readonly crypto: CryptoProvider;
  readonly ring: KeyRing;
  readonly entries: EntryStore;
  readonly purged: Purged;
  readonly journal: Journal;
  readonly received: Pick<ReceivedChanges, "own" | "rebuild">;
  readonly writes: Pick<LocalWrites, "flush" | "exclusively" | "isShared">;
  /** The purges of this database that count. */
  counting(): readonly Purge[];
  readonly host: PurgeHost;
  /** Which of these the app was not told of yet; told from now on. */
  takeNews(purges: readonly Purge[]): Promise<readonly Purge[]>;
  tell(type: "purged", event: DatabaseEvents["purged"]): void;
  /** Parts are missing that were not before: others are asked for them. */
  compare(): void;
  report(error: unknown): void;
}

interface Surroundings {
  readonly context: TenantContext;
  readonly purging: PurgeHost;
  view(): Pick<DirectoryView, "purges">;
  compare(database: DatabaseId): void;
}

/** How the purges of a tenant reach one of its databases. */
export function purgesOf(
  { context, view, compare, purging }: Surroundings,
  entries: EntryStore,
  parts: Pick<PurgesContext, "journal" | "received" | "writes" | "tell"> & { readonly state: DocumentState },
): Purges {
  const { platform, ring, store, local } = context;
  const { database } = entries;
  return new Purges({
    ...{ ...parts, crypto: platform.crypto, ring, entries, report: platform.report },
    purged: parts.state.documents.purged,
    counting: () => view().purges.get(toHex(database)) ?? [],
    host: purging,
    takeNews: (purges) => takePurgeNews({ database, store, local }, purges),
    compare: () => compare(database),
  });
}

/** How an open database takes purges in: documents that are dead from now on go, and those that are not any more come back. */
export class Purges {
  readonly #at: PurgesContext;

  constructor(at: PurgesContext) {
    this.#at = at;
  }

  /**
   * The directory changed, or something was carried out. What was edited here meanwhile is sealed first: it is late, and comes back with the
   * document should the purge count no more.
   * INVARIANT: nothing is edited while documents go. Test: purge-stories.test.ts "an edit under way ...".
   */
  async look(): Promise<void> {
    const { writes, report, purged, counting } = this.#at;
    if (counting().length + purged.purges.length === 0) return;
    await this.#flush();
    const moving = writes.exclusively(() => this.#move());
    if (!writes.isShared) return moving;
    moving.catch(report); // what is under way may be what waits for this
  }

  /** The same, when nobody waits for it: a flush may be what changed the directory. */
  begin(): void {
    void this.look().catch(this.#at.report);
  }

  get host(): PurgeHost {
    return this.#at.host;
  }

  /** The purges of this database that count. */
  counting(): readonly Purge[] {
    return this.#at.counting();
  }

  /** The parts of a document that are held and that this device can open. */
  partsOf(document: DocId): Promise<readonly PartName[]> {
    return partsOf(this.#at, document);
  }

  async #flush(): Promise<void> {
    try {
      await this.#at.writes.flush();
    } catch (error) {
      if (!isHold(error)) throw error; // it stays in the journal
    }
  }

  async #move(): Promise<void> {
    const { purged, journal, received, tell, takeNews, host, compare } = this.#at;
    const moved = purged.move(this.#at.counting());
    const { documents, back } = await this.#touchedBy(moved);
    if (documents.size > 0) await received.rebuild(documents, back);
    if (back.length > 0) compare();
    const rows = Map.groupBy(journal.rows, docIdOf);
    const news = new Set((await takeNews(purged.purges)).flatMap(({ documents }) => documents));
    if (news.size > 0) {
      const late = await received.own.late(news, purged);
      for (const id of news) tell("purged", { id, changes: (late.get(id) ?? 0) + (rows.get(id)?.length ?? 0) });
    }
    const gone = new Set(
      purged.purges.filter((purge) => host.dueAt(purge) === null).flatMap(({ documents }) => documents),
    );
    const unsent = journal.rows.filter((row) => gone.has(docIdOf(row)));
    if (unsent.length > 0) await journal.exchange(new Set(unsent), [], []);
  }

  /** The documents that purges name, and those whose parts they do; and the entries of which parts count again. */
  async #touchedBy(
    purges: readonly Purge[],
  ): Promise<{ readonly documents: ReadonlySet<DocId>; readonly back: readonly VerifiedEntry[] }> {
    const { crypto, ring, purged } = this.#at;
    const documents = new Set(purges.flatMap((purge) => purge.documents));
    const back: VerifiedEntry[] = [];
    for (const purge of purges) {
      const isOver = !purged.purges.some(({ id }) => id === purge.id);
      const named = new PartNames(purge.parts);
      for await (const entry of this.#entriesOf(purge)) {
        for (const { name, part } of await documentsIn({ crypto, ring }, [entry]))
          if (named.has(entry.id, part)) documents.add(name);
        if (isOver) back.push(entry);
      }
    }
    return { documents, back };
  }

  async *#entriesOf({ parts }: Purge): AsyncIterable<VerifiedEntry> {
    let before: EntryId | null = null;
    for (const { entry: id } of parts) {
      const found = before !== null && equalBytes(id, before) ? undefined : await this.#at.entries.find(id);
      before = id;
      if (found !== undefined) yield found;
    }
  }
}
