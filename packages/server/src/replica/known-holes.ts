// Where a tenant's entries came without some of their parts: clients hold, of the directory, their own permits only, so a relay that
// lost entries may get them back with holes. It asks everybody for what is missing, until somebody has brought it.

import { createHash } from "node:crypto";
import {
  type DatabaseId,
  decodeVector,
  encodeVector,
  fromHex,
  type Head,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, hasHoles, readEntry, readRuns } from "@selkie/store";

/** For each chain an entry before which no part is missing, as far as it is known; by database in hexadecimal. */
export class KnownHoles {
  readonly #firstByDatabase: Map<string, Map<string, Head>>;

  /** @param stored values of `record`, by database in hexadecimal */
  constructor(stored: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#firstByDatabase = new Map([...stored].map(([name, value]) => [name, new Map(decodeVector(value))]));
  }

  /**
   * These are about to be stored. @param held how far chains reach, where entries that they hold stay
   * SECURITY: F4. Nothing is remembered of what is here already, or won't be taken (known-holes.test.ts).
   * @returns whether there is something to be remembered
   */
  note(database: DatabaseId, runs: readonly VerifiedRun[], held: Vector | null): boolean {
    const name = toHex(database);
    let isNew = false;
    const next = new Map([...(held ?? [])].map(([writer, { seq }]) => [writer, seq + 1]));
    for (const run of runs) {
      const writer = toHex(run.writer);
      const from = held === null ? 0 : (next.get(writer) ?? 0);
      if (held !== null && run.firstSeq > from) continue;
      next.set(writer, Math.max(from, run.firstSeq + run.entries.length));
      const holed = run.entries.find((entry) => entry.header.seq >= from && hasHoles(entry));
      if (holed === undefined) continue;
      const first = this.#firstByDatabase.get(name) ?? new Map<string, Head>();
      const { seq } = holed.header;
      const known = first.get(writer);
      if (known !== undefined && known.seq <= seq) {
        first.set(writer, { ...known }); // who is looking there looks too early
        continue;
      }
      this.#firstByDatabase.set(name, first.set(writer, { seq, id: holed.id }));
      isNew = true;
    }
    return isNew;
  }

  /** What is remembered of a database. */
  record(database: DatabaseId): Uint8Array {
    const first = this.#firstByDatabase.get(toHex(database)) ?? new Map<string, Head>();
    return encodeVector(new Map([...first].toSorted(([a], [b]) => (a < b ? -1 : 1))));
  }

  /** Another text when something else is missing, and short however much that is. */
  version(database: DatabaseId): string {
    return createHash("sha256").update(this.record(database)).digest("hex");
  }

  /** Whether parts may be missing in this database. */
  mayHave(database: DatabaseId): boolean {
    return this.#firstByDatabase.has(toHex(database));
  }

  /** Looks what was brought meanwhile. @returns whether less is missing than was remembered */
  async look(entries: EntryStore): Promise<boolean> {
    const name = toHex(entries.database);
    const first = this.#firstByDatabase.get(name) ?? new Map<string, Head>();
    let isChanged = false;
    for (const [writer, known] of [...first]) {
      const holed = await firstHole(entries, parseWriterKey(fromHex(writer)), known.seq);
      if (holed?.seq === known.seq || first.get(writer) !== known) continue;
      isChanged = true;
      if (holed === null) first.delete(writer);
      else first.set(writer, holed);
    }
    if (first.size === 0 && this.#firstByDatabase.get(name) === first) this.#firstByDatabase.delete(name);
    return isChanged;
  }

  /** The vector with every chain ending before the first entry of which parts are missing. */
  async cut(entries: EntryStore, vector: Vector): Promise<Vector> {
    const whole = new Map(vector);
    for (const [writer, { seq }] of this.#firstByDatabase.get(toHex(entries.database)) ?? []) {
      const before = seq === 0 ? null : await readEntry(entries, parseWriterKey(fromHex(writer)), seq - 1);
      if (before === null) whole.delete(writer);
      else if ((whole.get(writer)?.seq ?? -1) >= seq) whole.set(writer, { seq: seq - 1, id: before.id });
    }
    return whole;
  }
}

async function firstHole(entries: EntryStore, writer: WriterKey, from: number): Promise<Head | null> {
  for await (const run of readRuns(entries, writer, from)) {
    const holed = run.entries.find(hasHoles);
    if (holed !== undefined) return { seq: holed.header.seq, id: holed.id };
  }
  return null;
}
