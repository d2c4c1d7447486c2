import {
  fromHex,
  type Head,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, readEntry, readRuns } from "@selkie/store";
import { Serial } from "../serial.ts";

/** How many entries are announced: one shows as well as a thousand what a relay does. */
const MOST_ANNOUNCED = 1_000;

export interface MissingPartsContext {
  readonly entries: Pick<EntryStore, "read">;
  /** Whether parts of an entry are missing that should be here. */
  isMissing(entry: VerifiedEntry): boolean;
  /** Whether that is announced at once; else only once others were asked for them. */
  readonly isAlarming: boolean;
  /** Parts of an entry are missing, and nothing explains it; once for each entry. */
  alarm(entry: VerifiedEntry): void;
}

/** A chain from some seq on. */
interface Place {
  readonly writer: WriterKey;
  readonly seq: number;
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
    for (const entry of run.entries) this.holed(entry);
  }

  /** The store may hold this entry with holes. */
  holed(entry: VerifiedEntry): void {
    if (this.#at.isMissing(entry)) this.#note(entry);
  }

  /** Parts are missing at these places, and nowhere else; nothing is announced. */
  set(places: readonly Place[]): void {
    this.#from.clear();
    for (const { writer, seq } of places) this.#begin(toHex(writer), seq);
  }

  /** These were just appended: what has a hole here may be whole in the store, where it came from elsewhere. */
  async appended(run: VerifiedRun): Promise<void> {
    const { isMissing } = this.#at;
    const holed = run.entries.filter(isMissing).map(({ header }) => header.seq);
    const [first, last] = [holed[0], holed.at(-1)];
    if (first === undefined || last === undefined) return;
    for await (const { entries } of readRuns(this.#at.entries, run.writer, first)) {
      for (const entry of entries) if (entry.header.seq <= last && isMissing(entry)) this.#note(entry);
      if ((entries.at(-1)?.header.seq ?? last) >= last) return;
    }
  }

  /** Parts of an entry are missing, whether it was taken or not. */
  announce(entry: VerifiedEntry): void {
    const id = toHex(entry.id);
    if (this.#announced.has(id) || this.#announced.size >= MOST_ANNOUNCED) return;
    this.#announced.add(id);
    this.#at.alarm(entry);
  }

  /** Whether parts of an entry are missing that should be here. */
  isMissing(entry: VerifiedEntry): boolean {
    return this.#at.isMissing(entry);
  }

  /** Whether nothing is missing, as far as that is known. */
  get isWhole(): boolean {
    return this.#from.size === 0;
  }

  /** From where on parts are missing, of each chain, as a text; empty where none are. */
  lacking(): Promise<string> {
    return this.#looking.run(async () => {
      for (const name of [...this.#from.keys()]) await this.#look(name);
      return [...this.#from]
        .map(([name, seq]) => `${name} ${seq}`)
        .toSorted()
        .join();
    });
  }

  /** Whoever has them was asked for the parts that are missing: announces those that did not come. */
  announceAll(): Promise<void> {
    return this.#looking.run(async () => {
      for (const [name, from] of this.#from)
        for await (const { entries } of readRuns(this.#at.entries, parseWriterKey(fromHex(name)), from))
          for (const entry of entries) if (this.#at.isMissing(entry)) this.announce(entry);
    });
  }

  /** The vector with every chain ending before the first entry of which parts are missing; null where none are. */
  async whole(vector: () => Promise<Vector>): Promise<Vector | null> {
    // What somebody looks at is not in the map meanwhile: its size says nothing before it is our turn.
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
    const from = this.#from.get(name) ?? 0;
    this.#from.delete(name); // what comes while this looks is noted anew
    for await (const run of readRuns(entries, writer, from)) {
      const found = run.entries.find(this.#at.isMissing)?.header.seq;
      if (found === undefined) continue;
      this.#begin(name, found);
      const before = found === 0 ? null : await readEntry(entries, writer, found - 1);
      return before === null ? null : { seq: found - 1, id: before.id };
    }
    return "whole";
  }

  #note(entry: VerifiedEntry): void {
    this.#begin(toHex(entry.header.writer), entry.header.seq);
    if (this.#at.isAlarming) this.announce(entry);
  }

  #begin(name: string, seq: number): void {
    this.#from.set(name, Math.min(this.#from.get(name) ?? seq, seq));
  }
}
