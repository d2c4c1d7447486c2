// Two entries at one place of a chain: which of them counts.
import type { AdmissionFacts } from "./admissions.ts";
import type { ChainTree } from "./chain-tree.ts";
import type { Claim } from "./claims.ts";
import type { Place } from "./facts.ts";
import type { EffectiveCut } from "./revocations.ts";

/** A fork: the branches that begin where another ends. */
export interface Fork {
  readonly tree: ChainTree;
  readonly rivals: readonly number[];
  /** Whether somebody may revoke every admission that the rivals claim. */
  mayDecide(author: AdmissionFacts): boolean;
  /** The cuts on the chain by those who may decide. */
  readonly cuts: readonly EffectiveCut[];
  readonly claims: readonly Claim[];
}

/**
 * The branch that counts, or undefined while none does: the only one that a cut names; else the one that most of the users name who
 * may revoke the writer, then the one with the lower id.
 * SECURITY: silence and the number of somebody's own keys decide nothing (packages/sim/test/rules/orders.test.ts "D9").
 */
export function forkWinner(fork: Fork): number | undefined {
  const { tree, rivals, cuts } = fork;
  const isNamed = (rival: number) => cuts.some(({ place }) => place !== null && tree.isBefore(rival, place.branch));
  const named = rivals.filter(isNamed);
  if (named.length > 0) return named.length === 1 ? named[0] : undefined;
  const votes = countVotes(fork);
  const idOf = (rival: number): string => tree.branch(rival)?.first.id ?? "";
  const [best] = [...votes].sort(([a, votesA], [b, votesB]) => votesB - votesA || (idOf(a) < idOf(b) ? -1 : 1));
  return best?.[0];
}

/** Each user once: its oldest device, the first vector that names a branch; who contradicts itself has no vote. */
function countVotes({ tree, rivals, mayDecide, claims }: Fork): ReadonlyMap<number, number> {
  const voices = new Map<string, { claim: Claim; rivals: Set<number> }>();
  for (const claim of claims) {
    const rival = mayDecide(claim.author) ? rivalTowards(tree, rivals, claim.head) : undefined;
    if (rival === undefined) continue;
    const { author } = claim;
    const earlier = voices.get(author.user);
    const order =
      earlier === undefined
        ? -1
        : author.deviceDepth - earlier.claim.author.deviceDepth || claim.seq - earlier.claim.seq;
    if (order < 0) voices.set(author.user, { claim, rivals: new Set([rival]) });
    if (order === 0) earlier?.rivals.add(rival);
  }
  const votes = new Map<number, number>();
  for (const { rivals: spoken } of voices.values()) {
    const [only] = spoken;
    if (only !== undefined && spoken.size === 1) votes.set(only, (votes.get(only) ?? 0) + 1);
  }
  return votes;
}

const rivalTowards = (tree: ChainTree, rivals: readonly number[], { branch }: Place): number | undefined =>
  rivals.find((rival) => tree.isBefore(rival, branch));
