import { toHex, type VerifiedRun } from "@selkie/entry";

/** B11: which entry was seen at which (writer, seq), anywhere and ever. A second id at one place is two truths by one writer. */
export class UsedPlaces {
  readonly #ids = new Map<string, string>();

  get size(): number {
    return this.#ids.size;
  }

  /** The writers seen, in hex. */
  get writers(): ReadonlySet<string> {
    return new Set([...this.#ids.keys()].map((place) => place.slice(0, 64)));
  }

  note(writer: string, seq: number, id: string): void {
    const place = `${writer} ${seq}`;
    const known = this.#ids.get(place);
    if (known !== undefined && known !== id) throw new Error(`two entries at ${place}: ${known} and ${id}`);
    this.#ids.set(place, id);
  }

  /** Notes everything that a store of entries holds. */
  async noteAll(runs: AsyncIterable<VerifiedRun>): Promise<void> {
    for await (const { entries } of runs)
      for (const { header, id } of entries) this.note(toHex(header.writer), header.seq, toHex(id));
  }
}
