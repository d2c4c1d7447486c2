// Where a tenant's entries came without some of their parts: clients hold, of the directory, their own permits only, so a relay that
// lost entries may get them back with holes. It asks everybody for what is missing, until somebody has brought it.

import {
  type DatabaseId,
  type EntryId,
  equalBytes,
  fromHex,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, hasHoles, readEntry, readRuns } from "@selkie/store";

/** An entry of which parts are missing. */
export interface Hole {
  readonly seq: number;
  /** The entry before it. */
  readonly prev: EntryId;
}

/** Where parts of a chain are missing first, as far as it is known. Names are in hexadecimal. */
export interface HoledChain {
  readonly database: string;
  readonly writer: string;
  readonly hole: Hole;
}

/** The chains of a tenant of which parts may be missing. */
export class KnownHoles {
  /** By database, and by writer. */
  readonly #first = new Map<string, Map<string, Hole>>();

  constructor(stored: readonly HoledChain[] = []) {
    for (const { database, writer, hole } of stored) this.#of(database).set(writer, hole);
  }

  /**
   * These are about to be stored. @param held how far chains reach, where entries that they hold stay; null where they take the place of
   * another branch
   * SECURITY: F4. Nothing is remembered of what is here already, or won't be taken (known-holes.test.ts).
   * @returns the writers of the chains of which something else is to be remembered
   */
  note(database: DatabaseId, runs: readonly VerifiedRun[], held: Vector | null): readonly string[] {
    const first = this.#of(toHex(database));
    const changed = new Set<string>();
    const next = new Map([...(held ?? [])].map(([writer, { seq }]) => [writer, seq + 1]));
    for (const run of runs) {
      const writer = toHex(run.writer);
      const from = held === null ? 0 : (next.get(writer) ?? 0);
      if (held !== null && run.firstSeq > from) continue;
      next.set(writer, Math.max(from, run.firstSeq + run.entries.length));
      const holed = run.entries.find((entry) => entry.header.seq >= from && hasHoles(entry));
      if (held === null && follow(first, run)) changed.add(writer);
      if (holed === undefined) continue;
      const hole = holeAt(holed);
      const before = first.get(writer);
      const isNew = before === undefined || hole.seq < before.seq;
      first.set(writer, isNew ? hole : { ...before }); // who is looking at the one before looks too early
      if (isNew) changed.add(writer);
    }
    return [...changed];
  }

  /** Where parts may be missing in a database, by writer. */
  in(database: DatabaseId): ReadonlyMap<string, Hole> {
    return this.#first.get(toHex(database)) ?? NOWHERE;
  }

  /** Looks what was brought of these chains meanwhile. @returns the writers of those that are held further, or whole */
  async look(entries: EntryStore, writers: readonly string[]): Promise<readonly string[]> {
    const first = this.#of(toHex(entries.database));
    const changed: string[] = [];
    for (const writer of writers) {
      const known = first.get(writer);
      if (known === undefined) continue;
      const hole = await firstHole(entries, parseWriterKey(fromHex(writer)), known.seq);
      if ((hole !== null && isSame(hole, known)) || first.get(writer) !== known) continue;
      changed.push(writer);
      if (hole === null) first.delete(writer);
      else first.set(writer, hole);
    }
    return changed;
  }

  /** The vector with each of these chains ending before the first entry of which parts are missing. */
  cut(database: DatabaseId, vector: Vector, writers: Iterable<string>): Vector {
    const [whole, first] = [new Map(vector), this.in(database)];
    for (const writer of writers) {
      const hole = first.get(writer);
      if (hole === undefined || (whole.get(writer)?.seq ?? -1) < hole.seq) continue;
      if (hole.seq === 0) whole.delete(writer);
      else whole.set(writer, { seq: hole.seq - 1, id: hole.prev });
    }
    return whole;
  }

  #of(database: string): Map<string, Hole> {
    const first = this.#first.get(database) ?? new Map<string, Hole>();
    this.#first.set(database, first);
    return first;
  }
}

const NOWHERE: ReadonlyMap<string, Hole> = new Map();

const isSame = (a: Hole, b: Hole): boolean => a.seq === b.seq && equalBytes(a.prev, b.prev);
const holeAt = ({ header: { seq, prev } }: VerifiedEntry): Hole => ({ seq, prev });

/** Another branch takes the place of the one that is stored: another entry stands before the one of which parts were missing. */
function follow(first: Map<string, Hole>, { writer, firstSeq, entries }: VerifiedRun): boolean {
  const known = first.get(toHex(writer));
  const entry = known === undefined ? undefined : entries[known.seq - firstSeq];
  if (entry === undefined) return false;
  first.set(toHex(writer), holeAt(entry));
  return true;
}

/** Mostly it is where it was: nothing more is read then. */
async function firstHole(entries: EntryStore, writer: WriterKey, from: number): Promise<Hole | null> {
  const entry = await readEntry(entries, writer, from);
  if (entry === null) return null;
  if (hasHoles(entry)) return holeAt(entry);
  for await (const run of readRuns(entries, writer, from + 1)) {
    const holed = run.entries.find(hasHoles);
    if (holed !== undefined) return holeAt(holed);
  }
  return null;
}
