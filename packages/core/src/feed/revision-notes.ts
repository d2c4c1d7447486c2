// What the feed of revisions notes of each change: that it counts, or counts no more.
import { fromHex, toHex } from "@selkie/entry";
import { parseChange } from "../automerge/change-chunk.ts";
import { type DocId, docIdOfBytes } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import { rowKind } from "../local/local-state.ts";
import { documentIdBytes } from "../sealing/document-id.ts";
import { damaged, type RowFormat } from "./index-codec.ts";
import type { Noter } from "./noted-changes.ts";
import type { StampedIndex } from "./stamped-index.ts";

export interface RevisionNote {
  /** Of the change in its document. */
  readonly id: string;
  readonly document: DocId;
  readonly counts: boolean;
}

const hashBytes = 32;

/** A change may be in several documents: a copy carries those of the document before. @param hash in hex */
export const revisionId = (document: DocId, hash: string): string => document + hash;
/** Of the change, in hex. */
export const hashIn = ({ id, document }: RevisionNote): string => id.slice(document.length);

export const revisionRows: RowFormat<RevisionNote> = {
  kind: rowKind.revisions,
  bytes: 72,
  write: (writer, { id, counts }) => {
    writer.bytes(fromHex(id)).u8(counts ? 1 : 0);
  },
  read: (reader) => {
    const document = docIdOfBytes(reader.bytes(documentIdBytes));
    const id = revisionId(document, toHex(reader.bytes(hashBytes)));
    const counts = reader.u8();
    if (counts > 1) throw damaged();
    return { id, document, counts: counts === 1 };
  },
};

/**
 * Notes each change of a document once, after those it builds on; again when it had stopped counting meanwhile.
 */
export class RevisionNoter implements Noter<RevisionNote> {
  readonly format: RowFormat<RevisionNote> = revisionRows;
  readonly #documents: Documents;
  /** How many of a document's changes are noted, and in which list: where something counts no more, the document has another. */
  readonly #noted = new Map<DocId, { readonly changes: readonly Uint8Array[]; readonly count: number }>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** Keys and rights make no change. */
  isMoved(): boolean {
    return false;
  }

  keys(): Iterable<string> {
    return [];
  }

  settle(): void {
    // nothing is noted but what documents hold
  }

  *notes(
    index: StampedIndex<RevisionNote>,
    changed: ReadonlySet<DocId>,
    others: ReadonlySet<DocId> | null,
  ): Iterable<RevisionNote> {
    const isFirst = others === null;
    if (isFirst) this.#noted.clear();
    const ids = new Set([...changed, ...(others ?? this.#documents.names({ deleted: true }))]);
    const rebuilt = new Map<DocId, ReadonlySet<string>>();
    for (const id of ids) {
      const changes = this.#documents.get(id)?.changes ?? [];
      const noted = this.#noted.get(id);
      const isGrown = noted?.changes === changes;
      const revisions = changes.slice(isGrown ? noted.count : 0).map((bytes) => revisionId(id, this.#hashOf(bytes)));
      if (isFirst || (noted !== undefined && !isGrown)) rebuilt.set(id, new Set(revisions));
      this.#noted.set(id, { changes, count: changes.length });
      for (const revision of revisions)
        if (index.get(revision)?.counts !== true) yield { id: revision, document: id, counts: true };
    }
    if (rebuilt.size === 0 && !isFirst) return;
    const isGone = ({ id, document, counts }: RevisionNote): boolean =>
      counts && !(rebuilt.get(document)?.has(id) ?? !isFirst);
    for (const row of index.all()) if (isGone(row)) yield { id: row.id, document: row.document, counts: false };
  }

  #hashOf(change: Uint8Array): string {
    return toHex(parseChange(change, this.#documents.sha256).hash);
  }
}
