// What the rules of membership say about the directory's people, devices and chains.
import type { StatementId, Verifier } from "@selkie/entry";
import { type Accepted, accept } from "../membership/accept.ts";
import type { Cut } from "../membership/facts.ts";
import type { Admission, Chain, DirectoryIdentity, PlacedStatement } from "./admission.ts";
import { chainName } from "./chain-name.ts";
import { forkedChain } from "./chain-places.ts";
import { admissionName, type Known, membershipFacts } from "./membership-facts.ts";
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
   * The first entry that a cut by somebody else names, else the rival that most name: its branch counts. Null for none, and where cuts name
   * two in one place.
   */
  readonly named: Named | null;
}

/** A fork, and the entries at or behind it that cuts name: they decide; where there are none, voices do. Ids in hex. */
interface Fork {
  readonly seq: number;
  readonly named: readonly string[];
  /** The rival that counts as long as no cut names any; null while none does. */
  readonly winner: string | null;
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
    isLive: ({ id }) => accepted.isLive(admissionName(id)),
    voicesOn: (chain) => accepted.voicesOn(chain),
    endedBy: (id) => accepted.ended.get(admissionName(id)) ?? [],
    endOf: ({ database, writer }, { id }) => {
      const name = admissionName(id);
      if (isVoid(name)) return { last: -1, endedBy: [], fork: null, named: null };
      const { byOthers, byItself } = accepted.cutsOn(chainName(database, writer), name);
      const cuts = [...byOthers, ...byItself];
      const last = Math.min(Number.POSITIVE_INFINITY, ...cuts.map(({ seq }) => seq));
      const endedBy = cuts.filter(({ seq }) => seq === last).map(({ by }) => by);
      const fork = forkWithin(accepted, known.forks.get(chainName(database, writer)), {
        last,
        byOthers,
        admission: name,
      });
      const named = byOthers.length === 0 ? null : firstNamed(byOthers);
      const voiced = fork === null || fork.winner === null ? null : { seq: fork.seq, id: fork.winner, isProven: true };
      return { last, endedBy: [...new Set(endedBy)].sort(), fork, named: named ?? voiced };
    },
  };
}

/** A fork before the end of a chain. */
function forkWithin(
  accepted: Accepted,
  fork: ProvenFork | undefined,
  {
    last,
    byOthers,
    admission,
  }: { readonly last: number; readonly byOthers: readonly Cut[]; readonly admission: string },
): Fork | null {
  if (fork === undefined || fork.seq > last) return null;
  const { seq } = fork;
  const named = byOthers.filter((cut) => cut.seq >= seq).map(({ id }) => id);
  const isOpen = named.length === 0 && !fork.isTorn && seq > 0;
  const chain = forkedChain(chainName(fork.database, fork.writer), fork, admission);
  return { seq, named, winner: isOpen ? accepted.rivalThatCounts(chain) : null };
}

/** INVARIANT: cuts by others that name two entries in one place name no branch: nobody takes a side (forks.test.ts "D9 ..."). */
function firstNamed(cuts: readonly Cut[]): Named | null {
  const seq = Math.min(...cuts.map((cut) => cut.seq));
  const [id, ...others] = new Set(cuts.filter((cut) => cut.seq === seq).map((cut) => cut.id));
  return seq < 0 || id === undefined || others.length > 0 ? null : { seq, id, isProven: false };
}
