import { type DatabaseId, toHex, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { DocumentMarks, type DocumentMarksContext } from "../cold/document-marks.ts";
import { Snapshots } from "../cold/snapshots.ts";
import type { ChangeAuthors } from "../document/change-authors.ts";
import type { DocumentState } from "../document/document-state.ts";
import { Documents } from "../document/documents.ts";
import { OwnChanges } from "../document/own-changes.ts";
import { Purged } from "../document/purged.ts";
import { ReplacedChanges } from "../document/replaced-changes.ts";
import { type AuthorsOf, Shelf } from "../document/shelf.ts";
import { WaitingChanges } from "../document/waiting-changes.ts";
import type { Events } from "../events.ts";
import { ChangeFeed, type ChangeFeedContext } from "../feed/change-feed.ts";
import type { MissingParts } from "../replica/missing-parts.ts";
import { Quarantine } from "../replica/quarantine.ts";
import type { DatabaseEvents } from "./database.ts";
import type { DatabaseHost } from "./database-host.ts";
import { entitlementOf, isOut } from "./of-host.ts";

/** Documents, and what they are reached through. */
interface OpenDocuments {
  readonly state: DocumentState;
  readonly documents: Documents;
  readonly ownChanges: OwnChanges;
  readonly shelf: Shelf;
  readonly snapshots: Snapshots;
}

/** Documents as they begin, and the ways of changes into them and to whoever reads them. */
export function newDocuments(
  { context: { platform, documentMemory, store, local }, view }: DatabaseHost,
  id: DatabaseId,
  events: Events<DatabaseEvents>,
  later: () => { readonly authors: ChangeAuthors; own(): WriterKey | null },
): OpenDocuments {
  const { crypto } = platform;
  const purged = new Purged(view().purges.get(toHex(id)));
  const quarantine = new Quarantine((item) => events.emit("quarantined", item));
  const [documents, waiting] = [new Documents(crypto, purged), new WaitingChanges(crypto)];
  const state: DocumentState = { documents, waiting, replaced: new ReplacedChanges(crypto), quarantine };
  const snapshots = new Snapshots({ database: id, store, local });
  const saved = { snapshots, histories: documents.histories };
  const authorsOf: AuthorsOf = (record, changes) => later().authors.of(record, changes);
  const shelf = new Shelf(platform, authorsOf, { memory: documentMemory, saved, writer: () => later().own() });
  return { state, documents, ownChanges: new OwnChanges(documents, waiting), shelf, snapshots };
}

interface FeedParts extends Pick<ChangeFeedContext, "documents" | "shelf" | "events" | "sources"> {
  readonly journal: DocumentMarksContext["journal"];
  readonly writes: DocumentMarksContext["writes"];
  readonly missing: Pick<MissingParts, "isMissing">;
  readonly received: Pick<DocumentMarksContext, "covered">;
}

export function feedOf(
  host: DatabaseHost,
  entries: EntryStore,
  { journal, writes, missing, received, ...parts }: FeedParts,
): ChangeFeed {
  const { platform, ring, store, local } = host.context;
  const marks = new DocumentMarks({
    ...{ crypto: platform.crypto, ring, entries, journal, writes },
    isOut: () => isOut(host),
    isMissing: (entry) => missing.isMissing(entry),
    covered: () => received.covered(),
  });
  return new ChangeFeed({
    ...{ ...parts, platform, database: entries.database, ring, store, local, view: host.view, marks },
    random: (length) => platform.crypto.randomBytes(length),
    isEntitled: entitlementOf(host),
  });
}
