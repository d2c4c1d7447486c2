import { type DatabaseId, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { type EntryStore, readRuns } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";
import type { NamedEntries } from "../replica/named-entries.ts";
import { StoredBranches } from "../replica/stored-branches.ts";

/** What the store holds of a chain from its fork on. */
interface Branch {
  readonly seq: number;
  readonly ids: Set<string>;
}

/** How far a chain counts; infinite where nobody ended it. */
interface End {
  /** The last seq that counts. */
  readonly end: number;
  /** The last seq that cuts let stand. */
  readonly cut: number;
}

/** A chain and who it is of. */
export interface ChainOf {
  readonly writer: WriterKey;
  readonly admission: Admission;
}

export interface ChainEndsContext {
  readonly verifier: Verifier;
  readonly database: DatabaseId;
  readonly entries: Pick<EntryStore, "read">;
  /** Gets the entries by which branches that count are known. */
  readonly named: NamedEntries;
  view(): DirectoryView;
}

/** How far the chains of one database count, as the directory says and as its documents were last built. */
export class ChainEnds {
  readonly #at: ChainEndsContext;
  /** By writer. */
  readonly #built = new Map<string, End>();
  /** By writer, of chains that fork. */
  readonly #branches = new Map<string, Branch>();
  readonly #stored: StoredBranches;

  constructor(at: ChainEndsContext) {
    this.#at = at;
    this.#stored = new StoredBranches({ ...at, signatures: (writer, id) => at.view().cutSignatures(writer, id) });
  }

  /** Looks which branches of forked chains the store holds, and of chains that are cut. @returns whether that may move an end */
  async look(chains: readonly ChainOf[]): Promise<boolean> {
    const forks = this.#at.view().forks.filter(({ database }) => toHex(database) === toHex(this.#at.database));
    for (const { writer, seq } of forks) await this.#lookBehind(writer, seq);
    for (const { writer, admission } of chains) {
      const { named } = this.#at.view().endOf({ database: this.#at.database, writer }, admission);
      await this.#stored.look(writer, named);
    }
    return this.#stored.hasChanged() || forks.length > 0;
  }

  /** The last seq of a chain that counts: it stays what it was first asked for until `move`. */
  of(writer: WriterKey, admission: Admission): number {
    return this.#builtOf(writer, admission).end;
  }

  /** Why an entry beyond that counts for nothing. */
  reason(writer: WriterKey, admission: Admission, seq: number): "BEYOND_CUT" | "BEHIND_FORK" {
    return seq > this.#builtOf(writer, admission).cut ? "BEYOND_CUT" : "BEHIND_FORK";
  }

  /** Takes over what the directory says now. @returns the first seq about which it says something else than before; null when none */
  move(writer: WriterKey, admission: Admission): number | null {
    const before = this.#builtOf(writer, admission);
    const now = this.#judge(writer, admission);
    this.#built.set(toHex(writer), now);
    return before.end === now.end && before.cut === now.cut ? null : Math.min(before.end, now.end) + 1;
  }

  /** A chain was dropped or replaced from a seq on. */
  forget(writer: WriterKey, from: number): void {
    if (from === 0) this.#built.delete(toHex(writer)); // whose it is will be judged anew
    this.#branches.delete(toHex(writer));
    this.#stored.forget(writer);
  }

  /** The chains that end, as documents were last built; in hex. */
  ended(): readonly string[] {
    return [...this.#built].flatMap(([writer, { end }]) => (end < Number.POSITIVE_INFINITY ? [writer] : []));
  }

  /** The last seq that counts, as the directory says now. */
  now(writer: WriterKey, admission: Admission): number {
    return this.#judge(writer, admission).end;
  }

  /** The last seq that cuts let stand, as the directory says now. */
  cut(writer: WriterKey, admission: Admission): number {
    return this.#judge(writer, admission).cut;
  }

  #builtOf(writer: WriterKey, admission: Admission): End {
    const name = hexOf(writer);
    const known = this.#built.get(name);
    if (known !== undefined) return known;
    const end = this.#judge(writer, admission);
    this.#built.set(name, end);
    return end;
  }

  /**
   * INVARIANT: at a fork both branches end, everywhere alike, unless cuts name what lies behind it, or voices a rival where none does: then
   * the branch counts that all of them name, where all of that is held. Tests: forks.test.ts "D1 ...", branches.test.ts "D9 ...".
   */
  #judge(writer: WriterKey, admission: Admission): End {
    const { last: cut, fork } = this.#at.view().endOf({ database: this.#at.database, writer }, admission);
    // Of a branch that does not count not even the place is known where it leaves the other, as long as no fork is proven.
    if (fork === null) return { end: this.#stored.lostAt(writer) === null ? cut : -1, cut };
    const held = this.#branches.get(toHex(writer))?.ids;
    const isNamed = fork.deciding.length > 0 && fork.deciding.every((id) => held?.has(id) === true);
    return { end: isNamed ? cut : fork.seq - 1, cut };
  }

  async #lookBehind(writer: WriterKey, seq: number): Promise<void> {
    const known = this.#branches.get(toHex(writer));
    const branch = known?.seq === seq ? known : { seq, ids: new Set<string>() };
    this.#branches.set(toHex(writer), branch);
    for await (const { entries } of readRuns(this.#at.entries, writer, seq + branch.ids.size))
      for (const { id } of entries) branch.ids.add(toHex(id));
  }
}
