import { type DatabaseId, toHex, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { KeyRing } from "../keys/key-ring.ts";

/** Where an entry stands. */
export interface Place {
  readonly writer: WriterKey;
  readonly seq: number;
}

/** Places that are remembered. Beyond that only the chains are, and everything is read again when a key comes. */
export const MAX_PARKED = 4_096;

/**
 * Entries with parts under keys that this device does not have, by key tag. They stay in the store: only their places are held.
 * SECURITY: D7. Bounded, whatever anybody pushes (directory-log.test.ts).
 */
export class ParkedPlaces {
  readonly #byTag = new Map<string, Map<string, Place>>();
  /** Chains of places that found no room, in hex. */
  readonly #beyond = new Set<string>();
  #size = 0;

  /** Places found no room: they are found again by reading everything. */
  get isFull(): boolean {
    return this.#beyond.size > 0;
  }

  park(entry: VerifiedEntry, tag: Uint8Array): void {
    const { writer, seq } = entry.header;
    const chain = toHex(writer);
    const places = this.#byTag.get(toHex(tag)) ?? new Map<string, Place>();
    const name = `${chain} ${seq}`;
    if (places.has(name)) return;
    if (this.#size >= MAX_PARKED) {
      this.#beyond.add(chain);
      return;
    }
    this.#byTag.set(toHex(tag), places.set(name, { writer, seq }));
    this.#size += 1;
  }

  /** Takes out the places whose key has come. */
  async due(ring: KeyRing, database: DatabaseId): Promise<readonly Place[]> {
    const due: Place[] = [];
    for (const [tag, places] of this.#byTag) {
      if ((await ring.findHex(database, tag)) === undefined) continue;
      due.push(...places.values());
      this.#byTag.delete(tag);
      this.#size -= places.size;
    }
    return due;
  }

  /** Everything is read again. */
  clear(): void {
    this.#byTag.clear();
    this.#beyond.clear();
    this.#size = 0;
  }

  /** The chains, in hex, of which something can't be read yet. */
  chains(): ReadonlySet<string> {
    const chains = new Set(this.#beyond);
    for (const places of this.#byTag.values()) for (const { writer } of places.values()) chains.add(toHex(writer));
    return chains;
  }
}
