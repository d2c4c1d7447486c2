import { type DatabaseId, limits, toHex, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";

const SLICE = { entries: 256, bytes: limits.runBytes };

/** What the store holds of a chain from its fork on. */
interface Branch {
  readonly seq: number;
  readonly ids: Set<string>;
}

/** How far the chains of one database count, as the directory says and as its documents were last built. */
export class ChainEnds {
  readonly #database: DatabaseId;
  readonly #view: () => DirectoryView;
  /** By writer: the last seq that counts; infinite for a chain that nobody ended. */
  readonly #built = new Map<string, number>();
  /** By writer, of chains that fork. */
  readonly #branches = new Map<string, Branch>();

  constructor(database: DatabaseId, view: () => DirectoryView) {
    this.#database = database;
    this.#view = view;
  }

  /** Looks which branches of forked chains the store holds. @returns whether there are any */
  async look(entries: EntryStore): Promise<boolean> {
    const forks = this.#view().forks.filter(({ database }) => toHex(database) === toHex(this.#database));
    for (const { writer, seq } of forks) {
      const known = this.#branches.get(toHex(writer));
      const branch = known?.seq === seq ? known : { seq, ids: new Set<string>() };
      this.#branches.set(toHex(writer), branch);
      for (;;) {
        const run = await entries.read(writer, seq + branch.ids.size, SLICE);
        if (run === null) break;
        for (const { id } of run.entries) branch.ids.add(toHex(id));
      }
    }
    return forks.length > 0;
  }

  /** The last seq of a chain that counts: it stays what it was first asked for until `move`. */
  of(writer: WriterKey, admission: Admission): number {
    const name = toHex(writer);
    const known = this.#built.get(name);
    if (known !== undefined) return known;
    const last = this.now(writer, admission);
    this.#built.set(name, last);
    return last;
  }

  /** Takes over what the directory says now. @returns the first seq about which it says something else than before; null when none */
  move(writer: WriterKey, admission: Admission): number | null {
    const before = this.of(writer, admission);
    const now = this.now(writer, admission);
    this.#built.set(toHex(writer), now);
    return before === now ? null : Math.min(before, now) + 1;
  }

  /** Whether an entry lies at or behind a fork of its chain. */
  isForked(writer: WriterKey, seq: number): boolean {
    const fork = this.#view().forkOf(this.#database, writer);
    return fork !== undefined && fork.seq <= seq;
  }

  /**
   * As the directory says now.
   * INVARIANT: at a fork both branches end, everywhere alike, unless cuts name what lies behind it: then the branch counts that all of them
   * name, where it is held. Tests: forks.test.ts "D1 ...", "D9 ...".
   */
  now(writer: WriterKey, admission: Admission): number {
    const { last, fork } = this.#view().endOf({ database: this.#database, writer }, admission);
    if (fork === null) return last;
    const held = this.#branches.get(toHex(writer))?.ids;
    const isNamed = fork.named.length > 0 && fork.named.every((id) => held?.has(id) === true);
    return isNamed ? last : fork.seq - 1;
  }
}
