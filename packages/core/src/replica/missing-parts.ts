import {
  fromHex,
  type Head,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
} from "@selkie/entry";
import { type EntryStore, hasHoles } from "@selkie/store";
import { Serial } from "../serial.ts";

const SLICE = { entries: 256, bytes: 2 ** 20 };
const ONE_ENTRY = { entries: 1, bytes: 2 ** 20 };

/** How many entries are announced: one shows as well as a thousand what a relay does. */
const MOST_ANNOUNCED = 1_000;

export interface MissingPartsContext {
  readonly entries: Pick<EntryStore, "read">;
  /** Parts of an entry are missing, and nothing explains it; once for each entry. */
  alarm(entry: VerifiedEntry): void;
}

/** Whether parts of an entry are missing that should be here. Nothing explains a hole: no statement says that parts were purged. */
export function isMissingParts(entry: VerifiedEntry): boolean {
  return hasHoles(entry);
}

/**
 * Which chains are held with parts missing, and from where on: whoever is connected is asked for them.
 * SECURITY: A11. Depends on the store alone, never on who is admitted or what decrypts. Takes a number for each chain, however many
 * parts are missing. Test: missing-parts.test.ts "A11 ...".
 */
export class MissingParts {
  readonly #at: MissingPartsContext;
  /** By writer in hex: nothing is missing before this seq. */
  readonly #from = new Map<string, number>();
  readonly #announced = new Set<string>();
  readonly #looking = new Serial();

  constructor(at: MissingPartsContext) {
    this.#at = at;
  }

  /** The store holds these entries as they are. */
  stored(run: VerifiedRun): void {
    for (const entry of run.entries) if (isMissingParts(entry)) this.#note(entry);
  }

  /** These were just appended: what has a hole here may be whole in the store, where it came from elsewhere. */
  async appended(run: VerifiedRun): Promise<void> {
    const holed = run.entries.filter(isMissingParts).map(({ header }) => header.seq);
    const [first, last] = [holed[0], holed.at(-1)];
    if (first === undefined || last === undefined) return;
    for (let seq = first; seq <= last; ) {
      const held = await this.#at.entries.read(run.writer, seq, SLICE);
      if (held === null) return;
      for (const entry of held.entries) if (entry.header.seq <= last && isMissingParts(entry)) this.#note(entry);
      seq += held.entries.length;
    }
  }

  /** Parts of an entry are missing, whether it was taken or not. */
  announce(entry: VerifiedEntry): void {
    const id = toHex(entry.id);
    if (this.#announced.has(id) || this.#announced.size >= MOST_ANNOUNCED) return;
    this.#announced.add(id);
    this.#at.alarm(entry);
  }

  /** The vector with every chain ending before the first entry of which parts are missing; null where none are. */
  async whole(vector: () => Promise<Vector>): Promise<Vector | null> {
    if (this.#from.size === 0) return null;
    return this.#looking.run(async () => {
      const ends = new Map<string, Head | null>();
      for (const name of [...this.#from.keys()]) {
        const end = await this.#look(name);
        if (end !== "whole") ends.set(name, end);
      }
      if (ends.size === 0) return null;
      const held = [...(await vector())].flatMap(([name, head]): [string, Head][] => {
        const end = ends.get(name);
        if (end === null) return [];
        return [[name, end === undefined || end.seq > head.seq ? head : end]];
      });
      return new Map(held);
    });
  }

  /** The last entry before the first of which parts are missing; null where that is the first of all. */
  async #look(name: string): Promise<Head | null | "whole"> {
    const { entries } = this.#at;
    const writer = parseWriterKey(fromHex(name));
    let seq = this.#from.get(name) ?? 0;
    this.#from.delete(name); // what comes while this looks is noted anew
    for (;;) {
      const run = await entries.read(writer, seq, SLICE);
      if (run === null) return "whole";
      const found = run.entries.find(isMissingParts)?.header.seq;
      if (found === undefined) {
        seq += run.entries.length;
        continue;
      }
      this.#begin(name, found);
      const [before] = found === 0 ? [] : ((await entries.read(writer, found - 1, ONE_ENTRY))?.entries ?? []);
      return before === undefined ? null : { seq: found - 1, id: before.id };
    }
  }

  #note(entry: VerifiedEntry): void {
    this.#begin(toHex(entry.header.writer), entry.header.seq);
    this.announce(entry);
  }

  #begin(name: string, seq: number): void {
    this.#from.set(name, Math.min(this.#from.get(name) ?? seq, seq));
  }
}
