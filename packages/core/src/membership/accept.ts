// Which entries count: a pure function of the set that is known, the same in any order and batching. docs/spec/membership.md has
// the rules in sentences, packages/sim/src/rules the same in code that is not fast; tests hold this to it.
import { type AdmissionFacts, AdmissionTree } from "./admissions.ts";
import { ChainTree } from "./chain-tree.ts";
import { Claims } from "./claims.ts";
import type { ChainFacts, ClaimFacts, DirectoryFacts, Place, PlacedFacts } from "./facts.ts";
import { forkWinner } from "./forks.ts";
import { mayCut } from "./may-cut.ts";
import { type EffectiveCut, endsItself, ownCut, Revocations } from "./revocations.ts";
import { type ChainVerdict, type Judgement, lastAllowed, type Reason, reasonAt } from "./verdict.ts";

/** The cuts on a chain. */
interface CutsOn {
  readonly byOthers: readonly EffectiveCut[];
  readonly byItself: readonly EffectiveCut[];
}

/** What counts, and who has rights. */
export interface Accepted {
  /** By name of the chain. */
  readonly chains: ReadonlyMap<string, ChainVerdict>;
  /** Everybody whom some statement would let in, those who may take rights before those from whom they may. */
  readonly admissions: readonly AdmissionFacts[];
  /**
   * By admission without rights: the statements that ended it, ascending; none when its own statement does not count. Statements by
   * which a device ended itself are heard wherever they stand within others' cuts, and do nothing else beyond its own.
   */
  readonly ended: ReadonlyMap<string, readonly string[]>;
  admission(id: string): AdmissionFacts | undefined;
  isLive(admission: string): boolean;
  /** Why an entry does not count; null when it does. */
  reason(entry: Place): Reason | null;
  /** The first entry of the branch that counts of a chain that forks once; null while none does. It need not be among those judged. */
  rivalThatCounts(chain: ChainFacts): string | null;
  /** The users whose voices are heard about a chain. */
  voicesOn(chain: string): readonly string[];
  /** Where a chain of an admission ends, by name, whether or not it was among those judged. */
  cutsOn(chain: string, admission: string): CutsOn;
}

/** Judges chains by what the directory says. Nothing is awaited, verified or remembered. */
export function accept(chains: Iterable<ChainFacts>, directory: DirectoryFacts): Accepted {
  return new Judge(chains, directory).judge();
}

/**
 * One pass over all admissions. What decides about one comes from those who may take its rights, who rank before it, so that
 * everything is settled by the time it is needed: the fixpoint of the rules in one round.
 */
class Judge {
  readonly #directory: DirectoryFacts;
  readonly #trees: ReadonlyMap<string, ChainTree>;
  readonly #admissions: AdmissionTree;
  readonly #revocations: Revocations;
  readonly #claims: Claims;
  readonly #chainsOf: ReadonlyMap<string, readonly ChainTree[]>;
  readonly #claimsBy: ReadonlyMap<string, readonly ClaimFacts[]>;
  readonly #ended = new Map<string, readonly string[]>();
  /** By admission: the statements by which it ended itself. */
  readonly #endings = new Map<string, readonly PlacedFacts[]>();
  readonly #judgements = new Map<string, Map<string, Judgement>>();

  constructor(chains: Iterable<ChainFacts>, directory: DirectoryFacts) {
    this.#directory = directory;
    this.#trees = new Map([...chains].map((chain) => [chain.name, new ChainTree(chain)]));
    const statements = [...new Map(directory.statements.map((placed) => [placed.id, placed])).values()];
    statements.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#admissions = new AdmissionTree(this.#trees, statements);
    this.#revocations = new Revocations(this.#admissions, directory);
    this.#claims = new Claims(directory.place);
    this.#chainsOf = this.#groupChains();
    this.#claimsBy = Map.groupBy(directory.claims, ({ at }) => this.#admissionAt(at) ?? "");
  }

  judge(): Accepted {
    for (const admission of this.#admissions.ranked) this.#judgeAdmission(admission);
    const chains = new Map([...this.#trees.values()].map((tree) => [tree.name, this.#verdict(tree)]));
    return {
      chains,
      admissions: this.#admissions.ranked,
      ended: this.#ended,
      admission: (id) => this.#admissions.get(id),
      isLive: (id) => this.#admissions.get(id) !== undefined && !this.#ended.has(id),
      reason: (entry) => {
        const verdict = chains.get(entry.chain);
        return verdict === undefined ? { type: "gap" } : reasonAt(verdict, entry);
      },
      rivalThatCounts: (chain) => {
        const tree = this.#trees.get(chain.name) ?? new ChainTree(chain);
        const winner = this.#winner(tree, tree.following(0));
        return winner === undefined ? null : (tree.branch(winner)?.first.id ?? null);
      },
      voicesOn: (chain) => this.#claims.about(chain).map(({ author }) => author.user),
      cutsOn: (chain, admission) => this.#cutsOn(chain, this.#admissions.get(admission)),
    };
  }

  #cutsOn(chain: string, admission: AdmissionFacts | undefined): CutsOn {
    if (admission === undefined) return { byOthers: [], byItself: [] };
    const endings = this.#endings.get(admission.id) ?? [];
    return {
      byOthers: this.#revocations
        .of(admission)
        .map((revocation) => this.#revocations.cut(revocation, admission, chain)),
      byItself: endings.map((placed) => ownCut(placed, chain, this.#directory)),
    };
  }

  #groupChains(): ReadonlyMap<string, readonly ChainTree[]> {
    const claimed = [...this.#trees.values()].flatMap((tree) => {
      const admissions = new Set(tree.roots.flatMap((root) => tree.branch(root)?.admission ?? []));
      return [...admissions].map((admission) => ({ admission, tree }));
    });
    const groups = Map.groupBy(claimed, ({ admission }) => admission);
    return new Map([...groups].map(([admission, members]) => [admission, members.map(({ tree }) => tree)]));
  }

  #admissionAt({ chain, branch }: Place): string | null {
    return this.#trees.get(chain)?.branch(branch)?.admission ?? null;
  }

  /** A writer is admitted if the statement that admits its device counts: an entry depends on nothing else but its predecessor. */
  #judgeAdmission(admission: AdmissionFacts): void {
    const isVoid = admission.by !== null && !this.#counts(admission.by.author, admission.by.statement.at);
    const revocations = this.#revocations.of(admission);
    const chains = this.#chainsOf.get(admission.id) ?? [];
    if (chains.length === 0 && revocations.length === 0 && !isVoid) return; // nearly everybody, and who has no chain said nothing
    const walked = chains.map((tree) => {
      const cuts = revocations.map((revocation) => this.#revocations.cut(revocation, admission, tree.name));
      return { tree, cuts, end: isVoid ? null : this.#walk(tree, admission, cuts) };
    });
    // By others' cuts only: who ended itself did so whatever else its keys said in the meantime.
    const ends = new Map(walked.map(({ tree, end }) => [tree.name, { tree, end }]));
    const statements = this.#admissions.statementsBy(admission.id);
    const endings = statements.filter(
      (placed) => isWithin(ends.get(placed.at.chain), placed.at) && endsItself(placed, admission),
    );
    for (const { tree, cuts, end } of walked) {
      const ownCuts = endings.map((placed) => ownCut(placed, tree.name, this.#directory));
      const judgements = this.#judgements.get(tree.name) ?? new Map<string, Judgement>();
      this.#judgements.set(tree.name, judgements);
      const last = end === null ? null : shorten(tree, end, ownCuts);
      judgements.set(admission.id, { admission: admission.id, isVoid, end: last, cuts, ownCuts });
    }
    this.#endings.set(admission.id, endings);
    const by = [...revocations, ...endings].map(({ id }) => id).sort();
    if (isVoid || by.length > 0) this.#ended.set(admission.id, by);
    this.#takeIn(admission);
  }

  /** What an author says in entries that count is heard by whom it ranks before. */
  #takeIn(author: AdmissionFacts): void {
    for (const placed of this.#admissions.statementsBy(author.id)) {
      if (!this.#counts(author, placed.at)) continue;
      this.#revocations.add(author, placed);
    }
    for (const claim of this.#claimsBy.get(author.id) ?? []) {
      if (this.#counts(author, claim.at)) this.#claims.add(author, claim);
    }
  }

  #counts({ id }: AdmissionFacts, entry: Place): boolean {
    const tree = this.#trees.get(entry.chain);
    return isWithin(tree && { tree, end: this.#judgements.get(entry.chain)?.get(id)?.end ?? null }, entry);
  }

  /** From the first entry up, through forks, within all cuts: the last that counts. */
  #walk(tree: ChainTree, admission: AdmissionFacts, cuts: readonly EffectiveCut[]): Place | null {
    let end: Place | null = null;
    // A first entry whose certificate names no admission is nobody's, and no rival of anybody's.
    let rivals: readonly number[] = tree.roots.filter((root) => this.#admissionOf(tree, root) !== undefined);
    for (;;) {
      const next: number | undefined = rivals.length > 1 ? this.#winner(tree, rivals) : rivals[0];
      const branch = next === undefined ? undefined : tree.branch(next);
      if (next === undefined || branch?.admission !== admission.id) return end;
      const seq = cuts.reduce((last, cut) => Math.min(last, lastAllowed(tree, cut, next)), branch.last.seq);
      if (seq < branch.first.seq) return end;
      end = { chain: tree.name, branch: next, seq };
      if (seq < branch.last.seq) return end;
      rivals = tree.following(next);
    }
  }

  #admissionOf(tree: ChainTree, branch: number): AdmissionFacts | undefined {
    return this.#admissions.get(tree.branch(branch)?.admission ?? null);
  }

  /**
   * SECURITY: rival first entries may claim several admissions. Only who may revoke all of them decides, so that one writer never
   * counts for two, and nobody is decided about by whom it may revoke itself (packages/sim/test/rules/orders.test.ts "D9").
   */
  #winner(tree: ChainTree, rivals: readonly number[]): number | undefined {
    const claimed = [...new Set(rivals.flatMap((rival) => this.#admissionOf(tree, rival) ?? []))];
    const mayDecide = (author: AdmissionFacts) => claimed.every((target) => mayCut(this.#admissions, author, target));
    const cuts = claimed.flatMap((target) =>
      this.#revocations
        .of(target)
        .filter(({ author }) => mayDecide(author))
        .map((revocation) => this.#revocations.cut(revocation, target, tree.name)),
    );
    return forkWinner({ tree, rivals, mayDecide, cuts, claims: this.#claims.about(tree.name) });
  }

  #verdict(tree: ChainTree): ChainVerdict {
    const judgements = this.#judgements.get(tree.name) ?? new Map<string, Judgement>();
    const end = [...judgements.values()].find((judgement) => judgement.end !== null)?.end ?? null;
    return { tree, judgements, end };
  }
}

function isWithin(chain: { readonly tree: ChainTree; readonly end: Place | null } | undefined, entry: Place): boolean {
  return chain !== undefined && chain.end !== null && chain.tree.leadsTo(entry, chain.end);
}

/** The last entry on the way to `end` that all of these cuts let stand. */
function shorten(tree: ChainTree, end: Place, cuts: readonly EffectiveCut[]): Place | null {
  for (let branch: number | null = end.branch; branch !== null; branch = tree.branch(branch)?.parent ?? null) {
    const at: number = branch;
    const { first, last } = tree.branch(at) ?? { first: end, last: end };
    const from = at === end.branch ? end.seq : last.seq;
    const seq = cuts.reduce((lowest, cut) => Math.min(lowest, lastAllowed(tree, cut, at)), from);
    if (seq >= first.seq) return { chain: tree.name, branch: at, seq };
  }
  return null;
}
