// What the rules of membership say about the directory's people, devices and chains.
import type { StatementId, Verifier } from "@selkie/entry";
import { type Accepted, accept } from "../membership/accept.ts";
import type { Cut } from "../membership/facts.ts";
import {
  type Admission,
  admissionName,
  type Chain,
  type DirectoryIdentity,
  type PlacedStatement,
} from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { forkedChain } from "./chain-places.ts";
import { type Known, membershipFacts } from "./membership-facts.ts";
import type { ProvenFork } from "./proven-forks.ts";

/** How far a chain counts. */
export interface ChainEnd {
  /** The last seq that counts: -1 for none, infinite for a chain that nobody ended. */
  readonly last: number;
  /** The revocations that ended it there, in hex, ascending; none for a chain whose author's admission does not count. */
  readonly endedBy: readonly string[];
  /** Where the chain is proven to fork, if that is before its end. */
  readonly fork: Fork | null;
  /**
   * The entry whose branch counts, if any does: the first that a cut by somebody else names, or, where the chain is proven to fork, the last; else
   * the rival that most name. Null for none, and where cuts name two in that place.
   */
  readonly named: Named | null;
}

interface Fork {
  readonly seq: number;
  /**
   * Entries at or behind it, ids in hex: the branch counts that holds all of them, and none while there are none. Those that cuts by others
   * name, else the rival that wins by voices; and those that its author's own cuts name.
   */
  readonly deciding: readonly string[];
}

/** An entry whose branch counts; id in hex. */
interface Named {
  readonly seq: number;
  readonly id: string;
  /** Whether the directory has proven that the writer signed it. */
  readonly isProven: boolean;
}

/** Who is in. A pure function of the set of statements (membership.test.ts). */
export interface Membership {
  /** Whether the entry of a statement of an admitted author counts. */
  counts(placed: PlacedStatement): boolean;
  /** Whether an admission gives rights now. */
  isLive(admission: Pick<Admission, "id">): boolean;
  /** The statements that ended an admission, in hex, ascending. */
  endedBy(id: StatementId): readonly string[];
  endOf(chain: Pick<Chain, "database" | "writer">, admission: Pick<Admission, "id">): ChainEnd;
  /** The users whose voices are heard about a chain that forks. */
  voicesOn(chain: string): readonly string[];
}

/** Judges a set of statements by the rules of membership. */
export function judgeMembership(verifier: Verifier, identity: DirectoryIdentity, known: Known): Membership {
  const { chains, directory, place } = membershipFacts(verifier, identity, known);
  const accepted = accept(chains, directory);
  const isVoid = (name: string): boolean => {
    const admission = accepted.admission(name);
    return admission === undefined || (admission.by !== null && accepted.reason(admission.by.statement.at) !== null);
  };
  return {
    counts: (placed) => accepted.reason(place(placed)) === null,
    // A change that names a device which nobody let in, or who was demoted, lets nobody go on (people.test.ts "D10").
    isLive: ({ id }) => known.admissions.find(id) !== undefined && accepted.isLive(admissionName(id)),
    voicesOn: (chain) => accepted.voicesOn(chain),
    endedBy: (id) => accepted.ended.get(admissionName(id)) ?? [],
    endOf: ({ database, writer }, { id }) => {
      const name = admissionName(id);
      if (isVoid(name)) return { last: -1, endedBy: [], fork: null, named: null };
      const cutsOn = accepted.cutsOn(chainName(database, writer), name);
      const { byOthers, byItself } = cutsOn;
      const cuts = [...byOthers, ...byItself];
      const last = Math.min(Number.POSITIVE_INFINITY, ...cuts.map(({ seq }) => seq));
      const endedBy = [...new Set(cuts.filter(({ seq }) => seq === last).map(({ by }) => by))].sort();
      const fork = known.forks.get(chainName(database, writer));
      return fork === undefined || fork.seq > last
        ? { last, endedBy, fork: null, named: namedBy(byOthers, Math.min) }
        : { last, endedBy, ...atFork(accepted, fork, { ...cutsOn, admission: name }) };
    },
  };
}

/**
 * What decides at a fork before the end of a chain.
 * SECURITY: D9. What an author says when it ends itself decides for no branch, or who stole its keys would; but it lets only the branch stand
 * that it names (fork-voices.test.ts).
 */
function atFork(
  accepted: Accepted,
  fork: ProvenFork,
  { byOthers, byItself, admission }: ReturnType<Accepted["cutsOn"]> & { readonly admission: string },
): Pick<ChainEnd, "fork" | "named"> {
  const { database, writer, seq, isTorn } = fork;
  const own = byItself.filter((cut) => cut.id !== "");
  const deciding = (ids: readonly string[]): Fork => ({
    seq,
    deciding: [...new Set([...ids, ...own.map(({ id }) => id)])],
  });
  if (byOthers.length > 0)
    return { fork: deciding(byOthers.map(({ id }) => id)), named: namedBy([...byOthers, ...own], Math.max) };
  const isOpen = !isTorn && seq > 0;
  const chain = forkedChain(chainName(database, writer), fork, admission);
  const winner = isOpen ? accepted.rivalThatCounts(chain) : null;
  if (winner === null) return { fork: { seq, deciding: [] }, named: null };
  return { fork: deciding([winner]), named: { seq, id: winner, isProven: true } };
}

/**
 * Where a fork is proven, who goes to the last entry holds all the others, if anybody can.
 * INVARIANT: cuts that name two entries in one place name no branch: nobody takes a side (forks.test.ts "D9 ...").
 */
function namedBy(cuts: readonly Cut[], choose: (...seqs: number[]) => number): Named | null {
  if (cuts.length === 0) return null;
  const seq = choose(...cuts.map((cut) => cut.seq));
  const [id, ...others] = new Set(cuts.filter((cut) => cut.seq === seq).map((cut) => cut.id));
  return seq < 0 || id === undefined || others.length > 0 ? null : { seq, id, isProven: false };
}
