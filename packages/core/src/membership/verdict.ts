// How far a chain counts, and why what lies beyond does not.
import type { ChainTree } from "./chain-tree.ts";
import type { Place } from "./facts.ts";
import type { EffectiveCut } from "./revocations.ts";

/** Why an entry does not count. */
export type Reason =
  /** The statement that its certificate names is not known, or nobody could have made it. */
  | { readonly type: "noAdmission" }
  /** The statement that admits its author does not count. */
  | { readonly type: "admissionVoid"; readonly admission: string }
  /** Ids of the revocations whose cuts it lies beyond. */
  | { readonly type: "cut"; readonly by: readonly string[] }
  /** Ids of the statements by which the author ended itself. */
  | { readonly type: "endedItself"; readonly by: readonly string[] }
  /** It lies behind a fork on a branch that does not count. */
  | { readonly type: "fork" }
  /** It does not link to a first entry. */
  | { readonly type: "gap" };

/** What was found about a chain, for one of the admissions that its first entries claim. There are several only where these fork. */
export interface Judgement {
  readonly admission: string;
  readonly isVoid: boolean;
  /** The last entry that counts; null when none does. */
  readonly end: Place | null;
  /** By others who may. */
  readonly cuts: readonly EffectiveCut[];
  /** By the author itself. */
  readonly ownCuts: readonly EffectiveCut[];
}

/** A chain and what was found about it. */
export interface ChainVerdict {
  readonly tree: ChainTree;
  /** By admission. */
  readonly judgements: ReadonlyMap<string, Judgement>;
  /** The last entry that counts, on the branch that counts; null when none does. */
  readonly end: Place | null;
}

/** Why an entry of a chain does not count; null when it does. */
export function reasonAt({ tree, judgements, end }: ChainVerdict, entry: Place): Reason | null {
  if (end !== null && tree.leadsTo(entry, end)) return null;
  const branch = tree.branch(entry.branch);
  if (branch === undefined || entry.seq > branch.last.seq) return { type: "gap" };
  const judgement = branch.admission === null ? undefined : judgements.get(branch.admission);
  if (judgement === undefined) return { type: "noAdmission" };
  if (judgement.isVoid) return { type: "admissionVoid", admission: judgement.admission };
  const beyond = (cuts: readonly EffectiveCut[]) => cuts.filter((cut) => !allows(tree, cut, entry)).map(({ by }) => by);
  const [by, own] = [beyond(judgement.cuts), beyond(judgement.ownCuts)];
  if (by.length > 0) return { type: "cut", by };
  return own.length > 0 ? { type: "endedItself", by: own } : { type: "fork" };
}

/** Whether a cut lets an entry stand: not beyond its seq and, once the named entry is known, on the way to it. */
function allows(tree: ChainTree, { seq, place }: EffectiveCut, entry: Place): boolean {
  return entry.seq <= seq && (place === null || tree.leadsTo(entry, place));
}

/** The last seq of a branch that a cut lets stand, given that all before the branch stands. */
export function lastAllowed(tree: ChainTree, { seq, place }: EffectiveCut, branch: number): number {
  if (place === null) return seq;
  if (place.branch === branch) return Math.min(seq, place.seq);
  return tree.isBefore(branch, place.branch) ? seq : -1;
}
