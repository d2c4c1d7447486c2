import { toHex } from "@selkie/entry";
import type { DatabaseEvents } from "../database/database.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { DocId } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { Events, Off } from "../events.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { Serial } from "../serial.ts";
import { DocumentIndex, type DocumentIndexContext } from "./document-index.ts";
import { HeadsDigest } from "./heads-digest.ts";
import { Sight } from "./sight.ts";

export interface FedDocumentsContext extends DocumentIndexContext {
  readonly documents: Documents;
  readonly events: Events<DatabaseEvents>;
  /** The versions of keys that are held. */
  readonly ring: { confirmed(): readonly Pick<KeyVersion, "keyId">[] };
  view(): DirectoryView;
  /** Whether a key is due to this device's user, as the directory says now. */
  isEntitled(keyId: Uint8Array): boolean;
  /** A document has a new state, which is not noted yet. */
  announced(): void;
  /** Documents that had these stamps get others. */
  moved(stamps: readonly number[]): void;
}

/**
 * Keeps the index of documents up with them once somebody reads the feed. Until then nothing is noted: what happened meanwhile is found
 * by looking at each document.
 */
export class FedDocuments {
  readonly #at: FedDocumentsContext;
  readonly #digests: HeadsDigest;
  readonly #working = new Serial();
  /** Null before the first look at all documents, and after a failure. */
  #index: DocumentIndex | null = null;
  /** Announced since the index was brought up to date. */
  #changed = new Set<DocId>();
  /** What the directory said then. */
  #view: DirectoryView | null = null;
  #off: Off | null = null;

  constructor(at: FedDocumentsContext) {
    this.#at = at;
    this.#digests = new HeadsDigest(at.documents.sha256);
  }

  /** Whether something is to be noted, of this document or at all. */
  hasNews(id?: DocId): boolean {
    return id === undefined ? this.#changed.size > 0 || this.#at.view() !== this.#view : this.#changed.has(id);
  }

  /** The index, with all that happened until now; durable. */
  refreshed(): Promise<DocumentIndex> {
    this.#off ??= this.#at.events.on("change", ({ id }) => {
      this.#changed.add(id);
      this.#at.announced();
    });
    return this.#working.run(() => this.#refresh());
  }

  async close(): Promise<void> {
    this.#off?.();
    await this.#working.idle();
  }

  async #refresh(): Promise<DocumentIndex> {
    const known = this.#index;
    if (known !== null && !this.hasNews()) return known;
    const index = known ?? (await DocumentIndex.load(this.#at));
    const changed = this.#changed;
    this.#changed = new Set();
    this.#index = null;
    try {
      await this.#note(index, changed, known === null);
      this.#index = index;
      return index;
    } catch (error) {
      for (const id of changed) this.#changed.add(id); // looked at again, with the index as it is on the disk
      throw error;
    }
  }

  /** @param isFirst whether documents may have changed, or gone, that were not announced */
  async #note(index: DocumentIndex, changed: ReadonlySet<DocId>, isFirst: boolean): Promise<void> {
    const { documents, ring, isEntitled, moved, view } = this.#at;
    const now = view();
    const keys = new Set([...index.keys, ...ring.confirmed().map(({ keyId }) => toHex(keyId))]);
    const sight = new Sight({ documents, digests: this.#digests, index, isEntitled });
    const ids = new Set(changed);
    if (isFirst) for (const { name } of documents.all()) ids.add(name);
    if (isFirst || now !== this.#view) for (const { id } of index.all()) if (isFirst || sight.isMoved(id)) ids.add(id);
    const notes = [...ids].map((id) => sight.of(id)).filter((note) => note !== null);
    // What was announced may look as it did, and have been delivered as it was in between.
    const due = notes.filter((note) => !isFirst || changed.has(note.id) || sight.isOther(note));
    moved(due.map(({ id }) => index.get(id)?.stamp ?? 0));
    await index.note(due, keys);
    this.#view = now;
  }
}
