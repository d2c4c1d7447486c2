import {
  type EntryId,
  equalBytes,
  fromHex,
  labelled,
  parseEntryId,
  type Signature,
  toHex,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import { type EntryStore, readEntry } from "@selkie/store";
import type { NamedEntries, NamedEntry } from "./named-entries.ts";

export interface StoredBranchesContext {
  readonly verifier: Verifier;
  readonly entries: Pick<EntryStore, "read">;
  /** Gets the entries by which the branches that count are known. */
  readonly named: NamedEntries;
  /** What the directory gives as the writer's signature of an entry: whoever may write in it may say another. */
  signatures(writer: WriterKey, id: EntryId): readonly Signature[];
}

/** An entry that the directory names; id in hex. */
interface SaidEntry {
  readonly seq: number;
  readonly id: string;
  /** Whether the directory has proven that the writer signed it. */
  readonly isProven: boolean;
}

/** Holds what a store has of chains against the entries that the directory names. */
export class StoredBranches {
  readonly #at: StoredBranchesContext;
  /** Entries that their writers signed. */
  readonly #signed = new Set<string>();
  /** By entry and signature: those that do not hold. */
  readonly #forged = new Set<string>();

  constructor(at: StoredBranchesContext) {
    this.#at = at;
  }

  /**
   * Looks which entry is stored in the place of the one that is named.
   * SECURITY: who names what the writer never signed names no branch (forks.test.ts "D9 ..."), and who gives another signature of what it
   * did sign keeps none from counting (branches.test.ts "D9 who repeats a cut ...").
   */
  async look(writer: WriterKey, said: SaidEntry | null): Promise<void> {
    const { named } = this.#at;
    if (said === null) {
      named.set(writer, null);
      named.setLost(writer, null);
      return;
    }
    const id = parseEntryId(fromHex(said.id));
    const likeness = await this.#hold(writer, { seq: said.seq, id });
    const isSigned = likeness === "same" || said.isProven || (await this.#isSigned(writer, id));
    named.set(writer, isSigned ? { seq: said.seq, id } : null);
    const lowest = named.get(writer);
    const isOther = lowest !== null && (await this.#hold(writer, lowest)) === "other";
    named.setLost(writer, isOther ? lowest.seq : null);
  }

  /** Whether this entry is stored, or another in its place. */
  async #hold(writer: WriterKey, { seq, id }: NamedEntry): Promise<"same" | "other" | "none"> {
    const held = await readEntry(this.#at.entries, writer, seq);
    if (held === null) return "none";
    return equalBytes(held.id, id) ? "same" : "other";
  }

  /** The place of the entry that tells that another branch of this chain counts than is stored; null when nothing does. */
  lostAt(writer: WriterKey): number | null {
    const { lost } = this.#at.named;
    return lost.size === 0 ? null : (lost.get(toHex(writer)) ?? null);
  }

  /** The end of a chain was dropped or replaced. */
  forget(writer: WriterKey): void {
    this.#at.named.setLost(writer, null);
  }

  /** Whether a chain is lost, or no longer, since this was last asked. */
  hasChanged(): boolean {
    return this.#at.named.hasChanged();
  }

  async #isSigned(writer: WriterKey, id: EntryId): Promise<boolean> {
    const name = toHex(writer) + toHex(id);
    if (this.#signed.has(name)) return true;
    const message = labelled("sign-entry", id);
    const checks = this.#at
      .signatures(writer, id)
      .filter((signature) => !this.#forged.has(name + toHex(signature)))
      .map((signature) => ({ publicKey: writer, message, signature }));
    const verdicts = await this.#at.verifier.verifyMany(checks);
    for (const [at, { signature }] of checks.entries())
      if (verdicts[at] !== true) this.#forged.add(name + toHex(signature));
    if (!verdicts.includes(true)) return false;
    this.#signed.add(name);
    return true;
  }
}
