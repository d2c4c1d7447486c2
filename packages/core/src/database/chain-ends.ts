import { type DatabaseId, toHex, type WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";

/** How far the chains of one database count, as the directory says and as its documents were last built. */
export class ChainEnds {
  readonly #database: DatabaseId;
  readonly #view: () => DirectoryView;
  /** By writer: the last seq that counts; infinite for a chain that nobody ended. */
  readonly #built = new Map<string, number>();

  constructor(database: DatabaseId, view: () => DirectoryView) {
    this.#database = database;
    this.#view = view;
  }

  /** The last seq of a chain that counts: it stays what it was first asked for until `move`. */
  of(writer: WriterKey, admission: Admission): number {
    const name = toHex(writer);
    const known = this.#built.get(name);
    if (known !== undefined) return known;
    const last = this.#last(writer, admission);
    this.#built.set(name, last);
    return last;
  }

  /** Takes over what the directory says now. @returns the first seq about which it says something else than before; null when none */
  move(writer: WriterKey, admission: Admission): number | null {
    const before = this.of(writer, admission);
    const now = this.#last(writer, admission);
    this.#built.set(toHex(writer), now);
    return before === now ? null : Math.min(before, now) + 1;
  }

  #last(writer: WriterKey, admission: Admission): number {
    return this.#view().endOf({ database: this.#database, writer }, admission).last;
  }
}
