import { compareBytes, toHex } from "@selkie/entry";
import { linksOf, type Sha256 } from "../automerge/change-chunk.ts";

/** Enough, as a digest is compared with those of the same document that were noted here. */
export const digestBytes = 16;
/** From so many changes on it is remembered how far a list was read. */
const MANY = 64;

/** Digests of what counts in documents: of the hashes of those changes that no other builds on. */
export class HeadsDigest {
  readonly #sha256: Sha256;
  /** By the list of a document's changes: where something counts no more, the document has another. */
  readonly #read = new WeakMap<readonly Uint8Array[], { count: number; readonly heads: Map<string, Uint8Array> }>();

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  /** In hex. @param changes dependencies first */
  of(changes: readonly Uint8Array[]): string {
    const read = this.#read.get(changes) ?? { count: 0, heads: new Map<string, Uint8Array>() };
    for (const bytes of changes.slice(read.count)) {
      const { hash, deps } = linksOf(bytes, this.#sha256);
      for (const dep of deps) read.heads.delete(toHex(dep));
      read.heads.set(toHex(hash), hash);
    }
    read.count = changes.length;
    if (read.count >= MANY) this.#read.set(changes, read);
    const heads = [...read.heads.values()].sort(compareBytes);
    const [digest = this.#sha256()] = heads.length > 1 ? [this.#sha256(...heads)] : heads; // one is a digest itself
    return toHex(digest.subarray(0, digestBytes));
  }
}
