// What was acknowledged, and whether a client still has all of it.
import type { Database, DocId } from "@selkie/client";
import type { Line, Note } from "./job.ts";

interface Known {
  /** Acknowledged tokens, and the number of the newest acknowledged change. */
  readonly tokens: ReadonlySet<string>;
  readonly last: number;
  readonly deleted: "no" | "perhaps" | "yes";
}

const NOTHING: Known = { tokens: new Set(), last: 0, deleted: "no" };
const DELETED: readonly Known["deleted"][] = ["no", "perhaps", "yes"];

/**
 * The acknowledgements of one database. Written `alone`: by one device, one run after the other. By copies of a store: what no entry
 * held when it was copied is sealed by each copy as its own. So a token may stand in a list twice, a document may have two beginnings
 * with a list each, and each copy counts on from there.
 */
export class Ledger {
  readonly #documents = new Map<string, Known>();
  readonly users = new Set<string>();
  acknowledged = 0;

  /** What is known by all of these together. */
  static of(...ledgers: readonly Ledger[]): Ledger {
    const all = new Ledger();
    for (const ledger of ledgers) {
      all.acknowledged += ledger.acknowledged;
      for (const user of ledger.users) all.users.add(user);
      for (const [id, known] of ledger.#documents) all.#add(id, known);
    }
    return all;
  }

  note(line: Line): void {
    switch (line.type) {
      case "created":
      case "changed":
        this.#add(line.id, { ...NOTHING, tokens: new Set([line.token]), last: line.last });
        break;
      case "many":
        for (const id of line.ids) this.#add(id, { ...NOTHING, tokens: new Set([line.token]), last: 1 });
        break;
      case "deleting":
        this.#add(line.id, { ...NOTHING, deleted: "perhaps" });
        return;
      case "deleted":
        this.#add(line.id, { ...NOTHING, deleted: "yes" });
        break;
      case "admitted":
        this.users.add(line.user);
        break;
      case "sealed":
        return;
    }
    this.acknowledged += 1;
  }

  /** @throws when anything that was acknowledged is not there, or is there twice */
  async check(notes: Database<Note>, written: "alone" | "by copies" = "alone"): Promise<void> {
    for (const [id, known] of this.#documents) {
      const doc = await notes.findDocument(id as DocId);
      if (doc === undefined && known.tokens.size === 0 && known.deleted !== "yes") continue;
      if (doc === undefined) throw new Error(`document ${id} is lost`);
      if (known.deleted === "yes" && !doc.isDeleted()) throw new Error(`the deletion of ${id} is lost`);
      if (known.deleted === "no" && doc.isDeleted()) throw new Error(`${id} is deleted, and nobody deleted it`);
      if (!doc.isDeleted()) checkNote(id, doc.getData(), known, written === "alone");
    }
  }

  #add(id: string, { tokens, last, deleted }: Known): void {
    const known = this.#documents.get(id) ?? NOTHING;
    this.#documents.set(id, {
      tokens: new Set([...known.tokens, ...tokens]),
      last: Math.max(known.last, last),
      deleted: DELETED[Math.max(DELETED.indexOf(known.deleted), DELETED.indexOf(deleted))] ?? "no",
    });
  }
}

function checkNote(id: string, note: Readonly<Note>, { tokens, last }: Known, alone: boolean): void {
  for (const token of tokens)
    if (note[`+${token}`] !== true) throw new Error(`${id} has lost ${token}: ${Object.keys(note).join()}`);
  if (!alone) return;
  // Whatever is there was written as a whole, and once.
  const there = Object.keys(note).flatMap((key) => (key.startsWith("+") ? [key.slice(1)] : []));
  if (there.sort().join() !== note.tokens.toSorted().join()) throw new Error(`${id} is torn: ${JSON.stringify(note)}`);
  if (there.join() !== Object.keys(note.seen).sort().join()) throw new Error(`${id} is torn: ${JSON.stringify(note)}`);
  if (!there.every((token) => note.seen[token]?.at instanceof Date)) throw new Error(`${id}: a date is lost`);
  if (note.last < last) throw new Error(`${id} went back from change ${last} to ${note.last}`);
}
