// The directory's chains as proofs divide them, and where in them things stand.
import type { DatabaseId, WriterKey } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { BranchFacts, ChainFacts, Place } from "../membership/facts.ts";
import { chainName } from "./chain-name.ts";
import type { ProvenFork, ProvenForks } from "./proven-forks.ts";

/** An entry of a chain of the directory, as far as it is known by what stands in it. */
export interface KnownEntry {
  readonly writer: WriterKey;
  readonly seq: number;
  readonly id: string;
  /** Of the chain. */
  readonly admission: string | null;
}

/** Where a chain ends in what is here, and what stands where it forks. */
interface Held {
  readonly admission: string | null;
  last: number;
  atFork: string | null;
}

/**
 * Chains of which a store holds one branch. One that is proven to fork is divided there: into what lies before, the rivals, and what is
 * here if that is none of them, or not known by its id.
 */
export class ChainPlaces {
  readonly #directory: DatabaseId;
  readonly #forks: ProvenForks;
  readonly #held = new Map<string, Held>();
  /** Of chains, by writer: each entry asks. */
  readonly #names = new Map<string, string>();

  constructor(directory: DatabaseId, forks: ProvenForks, entries: readonly KnownEntry[]) {
    this.#directory = directory;
    this.#forks = forks;
    for (const { writer, seq, id, admission } of entries) {
      const name = this.#nameOf(writer);
      const held = this.#held.get(name) ?? { admission, last: -1, atFork: null };
      this.#held.set(name, held);
      held.last = Math.max(held.last, seq);
      if (forks.get(name)?.seq === seq) held.atFork = id;
    }
  }

  /** Where an entry of the directory stands that is here. */
  of({ writer, seq }: Pick<KnownEntry, "writer" | "seq">): Place {
    const chain = this.#nameOf(writer);
    const fork = this.#forks.get(chain);
    if (fork === undefined || seq < fork.seq) return { chain, branch: 0, seq };
    return { chain, branch: this.#ours(chain, fork), seq };
  }

  /** Where an entry stands that a proof names, in whatever database. */
  proven(id: string): Place | undefined {
    for (const [chain, fork] of this.#forks) {
      const rival = fork.rivalOf.get(id);
      const at = fork.rivals.findIndex((each) => hexOf(each) === rival);
      if (rival !== undefined && at >= 0) return { chain, branch: firstRival(fork) + at, seq: fork.seq };
    }
    return undefined;
  }

  /**
   * Where what is not here stands that a cut names at or behind a fork.
   * SECURITY: D9. It may stand on another branch than the one that is here: this one counts no further than to the fork (fork-voices.test.ts).
   */
  unheld(chain: string, seq: number): Place | undefined {
    const fork = this.#forks.get(chain);
    if (fork === undefined || seq < fork.seq || !this.#held.has(chain)) return undefined;
    return { chain, branch: firstRival(fork) + fork.rivals.length + 1, seq };
  }

  chains(): readonly ChainFacts[] {
    return [...this.#held].map(([name, held]) => {
      const fork = this.#forks.get(name);
      if (fork !== undefined) return { name, branches: divide(fork, held, this.#ours(name, fork)) };
      const end = { seq: held.last, id: "" };
      return { name, branches: [{ parent: null, admission: held.admission, first: { seq: 0, id: "" }, last: end }] };
    });
  }

  #nameOf(writer: WriterKey): string {
    const name = this.#names.get(hexOf(writer)) ?? chainName(this.#directory, writer);
    this.#names.set(hexOf(writer), name);
    return name;
  }

  #ours(chain: string, fork: ProvenFork): number {
    const atFork = this.#held.get(chain)?.atFork ?? null;
    const at = fork.rivals.findIndex((id) => hexOf(id) === atFork);
    return firstRival(fork) + (at < 0 ? fork.rivals.length : at);
  }
}

/** A chain that forks, of which nothing is here: all of one admission. */
export function forkedChain(name: string, fork: ProvenFork, admission: string): ChainFacts {
  const held = { admission, last: fork.seq - 1, atFork: null };
  return { name, branches: divide(fork, held, Number.POSITIVE_INFINITY) };
}

const firstRival = ({ seq }: ProvenFork): number => (seq === 0 ? 0 : 1);

function divide(fork: ProvenFork, { admission, last }: Held, ours: number): readonly BranchFacts[] {
  const { seq, rivals } = fork;
  const parent = seq === 0 ? null : 0;
  const before = { parent: null, admission, first: { seq: 0, id: "" }, last: { seq: seq - 1, id: "" } };
  const ids = rivals.map(hexOf);
  // Besides the rivals: what is here and is none of them, and what is not here.
  const behind = [...ids, "", ""].map((id, at) => {
    const first = { seq, id };
    const isOurs = firstRival(fork) + at === ours && last > seq;
    return { parent, admission, first, last: isOurs ? { seq: last, id: "" } : first };
  });
  return seq === 0 ? behind : [before, ...behind];
}
