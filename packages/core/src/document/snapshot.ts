import { fromHex } from "@selkie/entry";
import type { LiveDocument } from "../automerge/document.ts";
import type { DocumentHistory } from "../automerge/document-history.ts";
import type { AutomergeDocuments } from "./automerge-documents.ts";
import type { DocId } from "./doc-id.ts";
import type { DocumentRecord } from "./document-record.ts";

/** With fewer changes a document is loaded from these about as fast as from a snapshot. */
export const longHistory = 256;

/**
 * What this device saved of a document of which every change had passed the gate: what Automerge loads faster than the changes.
 * SECURITY: P-10, D3. Automerge believes what it loads: these bytes come from this device's sealed local state alone.
 */
export interface Snapshot {
  /** In hex, ascending: the hashes of the newest changes in it, which say what it stands for. */
  readonly heads: readonly string[];
  /** One after the other, for Automerge to load. */
  readonly pieces: readonly Uint8Array[];
}

export interface SnapshotSource {
  /** Null where there is none of use. */
  read(id: DocId): Promise<Snapshot | null>;
}

/** What to make of a snapshot. */
interface Wanted {
  readonly history: DocumentHistory;
  /** Accepted changes that are about to be applied. */
  readonly without: ReadonlySet<Uint8Array>;
  /** Of whoever may edit the document. */
  readonly actor?: Uint8Array | undefined;
}

/**
 * A document from a snapshot and the accepted changes that are not in it.
 * INVARIANT: what is loaded holds the accepted changes and no other, but for `without`: a snapshot of which something counts no more gives
 * null. Test: snapshots.test.ts.
 */
export function loadFrom(
  automerge: AutomergeDocuments,
  { changes }: Pick<DocumentRecord, "changes">,
  { heads, pieces }: Snapshot,
  { history, without, actor }: Wanted,
): LiveDocument | null {
  const beyond = history.beyond(heads.map(fromHex));
  if (beyond === null) return null;
  const since = new Set(beyond.flatMap((at) => changes[at] ?? []));
  for (const change of without) if (!since.delete(change)) return null;
  const wanted = without.size === 0 ? changes : changes.filter((change) => !without.has(change));
  const live = automerge.loadSaved([...pieces, ...since], wanted, actor);
  const isTrue = live !== null && automerge.headsOf(live).every((head) => history.has(fromHex(head)));
  if (isTrue) return live;
  if (live !== null) automerge.freeDocument(live);
  return null;
}
