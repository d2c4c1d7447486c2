// Chunks that this device sealed itself and holds: who attaches one of them again refers to it where it lies.
import { type BlobHash, toHex } from "@selkie/entry";

/** Where a chunk lies. */
export interface ChunkAddress {
  readonly blob: BlobHash;
  readonly slot: number;
}

/** Of 16 GiB; those that were met last. */
const MAX_CHUNKS = 65_536;

/**
 * A bounded memory of chunks by name.
 * SECURITY: what others say about where a chunk lies never gets in: they could name a blob with other bytes, and so would those who attach
 * the same. Test: "C1 what a peer says about where a chunk lies ...".
 */
export class KnownChunks<Address = ChunkAddress> {
  readonly #addresses = new Map<string, Address>();

  find(id: Uint8Array): Address | undefined {
    return this.#addresses.get(toHex(id));
  }

  learn(id: Uint8Array, address: Address): void {
    const name = toHex(id);
    this.#addresses.delete(name);
    this.#addresses.set(name, address);
    for (const oldest of this.#addresses.keys()) {
      if (this.#addresses.size <= MAX_CHUNKS) return;
      this.#addresses.delete(oldest);
    }
  }
}
