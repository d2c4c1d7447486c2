// The branches of one chain: which leads to which.
import type { BranchFacts, ChainFacts, Place } from "./facts.ts";

type Following = ReadonlyMap<number | null, readonly number[]>;

const withoutFork: Following = new Map([[null, [0]]]);

const followingIn = (branches: readonly BranchFacts[]): Following =>
  Map.groupBy(branches.keys(), (index) => branches[index]?.parent ?? null);

/** One chain and its forks. Every question is answered in constant time, or the most forked chain would hold up all others. */
export class ChainTree {
  readonly name: string;
  /** Indices of the branches that begin with a first entry. */
  readonly roots: readonly number[];
  readonly #branches: readonly BranchFacts[];
  readonly #following: Following;
  readonly #entered: number[] = [];
  readonly #left: number[] = [];

  constructor({ name, branches }: ChainFacts) {
    this.name = name;
    this.#branches = branches;
    // Nearly every chain has one branch, and there are as many chains as devices times databases.
    this.#following = branches.length === 1 ? withoutFork : followingIn(branches);
    this.roots = this.#following.get(null) ?? [];
    this.#number();
  }

  branch(index: number): BranchFacts | undefined {
    return this.#branches[index];
  }

  /** The branches that begin where this one ends: none or at least two. */
  following(index: number): readonly number[] {
    return this.#following.get(index) ?? [];
  }

  /** Whether an entry is on the way from the first entry to `tip`, or is `tip`. */
  leadsTo(entry: Place, tip: Place): boolean {
    if (entry.chain !== this.name || tip.chain !== this.name) return false;
    return entry.branch === tip.branch ? entry.seq <= tip.seq : this.isBefore(entry.branch, tip.branch);
  }

  /** Whether a branch is on the way to another, or is it. */
  isBefore(branch: number, other: number): boolean {
    const [entered, left, at] = [this.#entered[branch], this.#left[branch], this.#entered[other]];
    return entered !== undefined && left !== undefined && at !== undefined && entered <= at && at < left;
  }

  /** Numbers branches so that those behind one lie between two numbers; without recursion, for chains of many forks. */
  #number(): void {
    let next = 0;
    const open: { index: number; behind: Iterator<number> }[] = [];
    const enter = (index: number): void => {
      this.#entered[index] = next;
      next += 1;
      open.push({ index, behind: this.following(index).values() });
    };
    for (const root of this.roots) {
      enter(root);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const { value, done } = top.behind.next();
        if (done !== true) enter(value);
        else {
          this.#left[top.index] = next;
          open.pop();
        }
      }
    }
  }
}
