// What follows from the entries alone, whatever counts: which entry follows which, who an author would be, in which line.
import type { Admission, Made } from "./admission.ts";
import { chainOf, directory, type Entry } from "./facts.ts";
import { admissionsOf } from "./let-in.ts";

/**
 * Whose voices about a fork are heard: DESIGN.md section 5 hears vectors in every database; as built they are said in the directory, about
 * what a proof shows (docs/adr/0019).
 */
export type Voices = "anywhere" | "directory";

/** Static facts of a set of entries. */
export class Known {
  /** By id: entries that link to a first entry. An entry depends on its predecessor. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Entries whose predecessor is not here: nothing is said about them but that there is a gap. */
  readonly unlinked: readonly Entry[];
  readonly statements: readonly Made[];
  /** Everybody whom some statement would let in, whether or not it counts. */
  readonly admissions: ReadonlyMap<string, Admission>;
  readonly voices: Voices;
  readonly #following = new Map<string, Entry[]>();

  /** @param refused statements that are refused where they are read */
  constructor(entries: Iterable<Entry>, voices: Voices = "anywhere", refused: ReadonlySet<string> = new Set()) {
    this.voices = voices;
    const all = new Map([...entries].map((entry) => [entry.id, entry]));
    const linked = new Map<string, Entry>();
    const isLinked = (entry: Entry): boolean => {
      if (entry.prev === null) return entry.seq === 0;
      const before = all.get(entry.prev);
      return (
        before !== undefined && chainOf(before) === chainOf(entry) && before.seq === entry.seq - 1 && isLinked(before)
      );
    };
    for (const entry of all.values()) if (isLinked(entry)) linked.set(entry.id, entry);
    this.entries = linked;
    this.unlinked = [...all.values()].filter(({ id }) => !linked.has(id));
    for (const entry of linked.values()) {
      const place = `${chainOf(entry)} ${entry.prev}`;
      this.#following.set(place, [...(this.#following.get(place) ?? []), entry]);
    }
    this.statements = [...linked.values()]
      .filter(({ database }) => database === directory)
      .flatMap((entry) => entry.statements.map((statement) => ({ statement, entry })))
      .filter(({ statement }) => !refused.has(statement.id));
    this.admissions = admissionsOf(this.statements);
  }

  /** The entries that name this one as their predecessor, or the first entries of a chain: more than one are a fork. */
  following(chain: string, entry: Entry | null): readonly Entry[] {
    return this.#following.get(`${chain} ${entry === null ? null : entry.id}`) ?? [];
  }

  /** The places at which a chain forks. */
  forksOf(chain: string): ReadonlySet<number> {
    const rivals = [...this.#following.values()].filter(
      ([first, second]) => first !== undefined && second !== undefined,
    );
    return new Set(rivals.flatMap(([first]) => (first !== undefined && chainOf(first) === chain ? [first.seq] : [])));
  }

  /** The chains that some first entry says belong to this admission. */
  chainsOf(admission: Admission): readonly string[] {
    const first = [...this.entries.values()].filter((entry) => entry.prev === null && entry.admission === admission.id);
    return [...new Set(first.map(chainOf))];
  }

  author(made: Made): Admission | undefined {
    return this.admissions.get(made.entry.admission);
  }

  /** Whether an entry is on the way from the first entry to `tip`, or is `tip`. */
  isOnTheWay(entry: Entry, tip: Entry): boolean {
    for (
      let at: Entry | undefined = tip;
      at !== undefined;
      at = at.prev === null ? undefined : this.entries.get(at.prev)
    ) {
      if (at.id === entry.id) return true;
    }
    return false;
  }
}
