// What the feed of documents notes of each: what an app sees of it.
import { fromHex, toHex } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import { type DocId, docIdOfBytes } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { rowKind } from "../local/local-state.ts";
import { documentIdBytes } from "../sealing/document-id.ts";
import { digestBytes, HeadsDigest } from "./heads-digest.ts";
import { damaged, type RowFormat } from "./index-codec.ts";
import type { Noter } from "./noted-changes.ts";
import { type DocumentNote, type SeenState, Sight } from "./sight.ts";
import type { StampedIndex } from "./stamped-index.ts";

const STATES: readonly SeenState[] = ["changed", "deleted", "hidden", "revealed", "purged"];

export const documentRows: RowFormat<DocumentNote> = {
  kind: rowKind.feed,
  bytes: 56,
  write: (writer, { id, state, digest }) => {
    writer.bytes(fromHex(id)).u8(STATES.indexOf(state)).bytes(fromHex(digest));
  },
  read: (reader) => {
    const id = docIdOfBytes(reader.bytes(documentIdBytes));
    const state = STATES[reader.u8()];
    if (state === undefined) throw damaged();
    return { id, state, digest: toHex(reader.bytes(digestBytes)) };
  },
};

export interface DocumentNoterContext {
  readonly documents: Documents;
  /** The versions of keys that are held. */
  readonly ring: { confirmed(): readonly Pick<KeyVersion, "keyId">[] };
  view(): DirectoryView;
  /** Whether a key is due to this device's user, as the directory says now; null for a device that is out. */
  isEntitled(keyId: Uint8Array): boolean | null;
}

export class DocumentNoter implements Noter<DocumentNote> {
  readonly format: RowFormat<DocumentNote> = documentRows;
  readonly #at: DocumentNoterContext;
  readonly #digests: HeadsDigest;
  /** What the directory said when it was asked last. */
  #view: DirectoryView | null = null;

  constructor(at: DocumentNoterContext) {
    this.#at = at;
    this.#digests = new HeadsDigest(at.documents.sha256);
  }

  isMoved(): boolean {
    return this.#at.view() !== this.#view;
  }

  keys(): Iterable<string> {
    return this.#at.ring.confirmed().map(({ keyId }) => toHex(keyId));
  }

  settle(): void {
    this.#view = this.#at.view();
  }

  *notes(
    index: StampedIndex<DocumentNote>,
    changed: ReadonlySet<DocId>,
    others: ReadonlySet<DocId> | null,
  ): Iterable<DocumentNote | null> {
    const { documents, isEntitled } = this.#at;
    const sight = new Sight({ documents, digests: this.#digests, index, isEntitled });
    const ids = new Set([...changed, ...(others ?? documents.names({ deleted: true }))]);
    if (others === null || this.isMoved())
      for (const { id } of index.all()) if (others === null || sight.isMoved(id)) ids.add(id);
    this.settle();
    for (const id of ids) {
      const note = sight.of(id);
      // What was announced may look as it did, and have been delivered as it was in between.
      const mayBeSame = (others === null || others.has(id)) && !changed.has(id);
      yield note !== null && (!mayBeSame || sight.isOther(note)) ? note : null;
    }
  }
}
