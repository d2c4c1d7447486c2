import { fromHex, toHex } from "@selkie/entry";
import { type DocId, keyTextIn } from "../document/doc-id.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import type { Documents } from "../document/documents.ts";
import type { HeadsDigest } from "./heads-digest.ts";
import type { StampedIndex } from "./stamped-index.ts";

/** What an app sees of a document, as the feed calls it. */
export type SeenState = "changed" | "deleted" | "hidden" | "revealed" | "purged";

export interface DocumentNote {
  readonly id: DocId;
  readonly state: SeenState;
  /** Of its heads, in hex. */
  readonly digest: string;
}

export interface SightContext {
  readonly documents: Documents;
  readonly digests: HeadsDigest;
  readonly index: StampedIndex<DocumentNote>;
  /** Whether a key is due to this device's user, as the directory says now; null for a device that is out. */
  isEntitled(keyId: Uint8Array): boolean | null;
}

/** What this device's user sees of documents at one moment, compared with what was noted of them. */
export class Sight {
  readonly #at: SightContext;
  /** By key id, in hex. */
  readonly #isEntitled = new Map<string, boolean | null>();

  constructor(at: SightContext) {
    this.#at = at;
  }

  /** What there is to note of a document; null when nothing of it counts or did. */
  of(id: DocId): DocumentNote | null {
    const { documents, digests, index } = this.#at;
    const record = documents.peek(id);
    if (record === undefined && index.isWhole && index.get(id) === undefined) return null;
    return { id, digest: digests.of(record?.changes ?? []), state: this.#stateOf(id, record) };
  }

  /** Whether its key was taken from this device's user, or given again, since something was noted of it. */
  isMoved(id: DocId): boolean {
    if (this.#at.documents.purged.has(id)) return false;
    return this.#isHidden(id) !== (this.#at.index.get(id)?.state === "hidden");
  }

  /** Whether this is not what was noted of it. */
  isOther({ id, digest, state }: DocumentNote): boolean {
    const row = this.#at.index.get(id);
    if (row?.digest !== digest) return true;
    // Heads don't tell: the same change may have been signed as a deletion, too, and of what is purged perhaps nothing counted.
    const isOf = (each: SeenState): boolean => (state === each) !== (row.state === each);
    return isOf("deleted") || isOf("purged") || (state !== "purged" && isOf("hidden"));
  }

  #stateOf(id: DocId, record: DocumentRecord | undefined): SeenState {
    if (this.#at.documents.purged.has(id)) return "purged";
    if (this.#isHidden(id)) return "hidden";
    if (record === undefined || record.deleted) return "deleted";
    const { index } = this.#at;
    const row = index.get(id);
    // Before the first index there was nobody whom a key could reveal anything.
    const isOfNewKey = row === undefined && index.keys.size > 0 && !index.keys.has(toHex(record.keyId));
    return row?.state === "hidden" || isOfNewKey ? "revealed" : "changed";
  }

  /** A device that is out shows what it showed. */
  #isHidden(id: DocId): boolean {
    const key = keyTextIn(id);
    let isEntitled = this.#isEntitled.get(key);
    if (isEntitled === undefined) {
      isEntitled = this.#at.isEntitled(fromHex(key));
      this.#isEntitled.set(key, isEntitled);
    }
    return isEntitled === null ? this.#at.index.get(id)?.state === "hidden" : !isEntitled;
  }
}
