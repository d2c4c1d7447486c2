import { type EntryId, equalBytes, toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";

/** An entry by which the branch of its chain that counts is known. */
export interface NamedEntry {
  readonly seq: number;
  readonly id: EntryId;
}

/** How an entry that is held, or comes, is to one that is named. */
type Likeness = "same" | "other" | "elsewhere";

/**
 * The entries that name branches, by chain. While entries come it also learns which others lead to them: a chain is sent in pieces, and
 * the one that shows where it forks may end before the entry that was named.
 */
export class NamedEntries {
  /** Chains of which another branch is stored, by writer: the place of the entry that tells. */
  readonly #lost = new Map<string, number>();
  readonly #onLost: () => void;
  #changed = false;
  /** What the directory says, and the lowest entry that is known to lead there. */
  readonly #byWriter = new Map<string, { readonly said: NamedEntry; readonly lowest: NamedEntry }>();

  /** @param onLost another branch of a chain counts than is stored */
  constructor(onLost: () => void) {
    this.#onLost = onLost;
  }

  /** Chains of which another branch is stored than counts, by writer in hex. */
  get lost(): ReadonlyMap<string, number> {
    return this.#lost;
  }

  /** @param seq the place of the entry that tells; null when the branch that counts is stored */
  setLost(writer: WriterKey, seq: number | null): void {
    const name = toHex(writer);
    if ((this.#lost.get(name) ?? null) === seq) return;
    this.#changed = true;
    if (seq === null) this.#lost.delete(name);
    else {
      this.#lost.set(name, seq);
      this.#onLost();
    }
  }

  /** Whether a chain is lost, or no longer, since this was last asked. */
  hasChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** The directory names this entry now; null for none. */
  set(writer: WriterKey, said: NamedEntry | null): void {
    const name = toHex(writer);
    const known = this.#byWriter.get(name);
    if (said === null) this.#byWriter.delete(name);
    else if (known === undefined || !equalBytes(known.said.id, said.id))
      this.#byWriter.set(name, { said, lowest: said });
  }

  /** The lowest known entry on the way to the one that is named; null where none is. */
  get(writer: WriterKey): NamedEntry | null {
    return this.#byWriter.size === 0 ? null : (this.#byWriter.get(toHex(writer))?.lowest ?? null);
  }

  /** A run forks before its first entry from what is stored. If it leads to the entry that is named, so does the entry before it. */
  learn(run: VerifiedRun): void {
    const known = this.#byWriter.get(toHex(run.writer));
    if (known === undefined || run.firstSeq === 0 || this.compare(run) !== "same") return;
    const lowest = { seq: run.firstSeq - 1, id: run.prev };
    this.#byWriter.set(toHex(run.writer), { ...known, lowest });
    this.setLost(run.writer, lowest.seq); // another is stored there
  }

  /** Whether a run holds the named entry, or another in its place. */
  compare(run: VerifiedRun): Likeness {
    const named = this.get(run.writer);
    const entry = named === null ? undefined : run.entries[named.seq - run.firstSeq];
    if (named === null || entry === undefined) return "elsewhere";
    return equalBytes(entry.id, named.id) ? "same" : "other";
  }
}
