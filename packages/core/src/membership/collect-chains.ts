// Chains from single entries: for the directory, whose entries are all at hand.
import type { BranchFacts, ChainFacts, Place } from "./facts.ts";

/** What of an entry says where it stands. */
export interface LinkFacts {
  readonly id: string;
  readonly chain: string;
  readonly seq: number;
  /** Null for a first entry. */
  readonly prev: string | null;
  /** As the certificate of a first entry names it; null otherwise, and when that certificate is no good. */
  readonly admission: string | null;
}

/** Entries in chains. */
export interface CollectedChains {
  readonly chains: readonly ChainFacts[];
  place(id: string): Place | undefined;
}

/** Divides entries into chains and branches, in any order; what does not link to a first entry is in none. */
export function collectChains(links: Iterable<LinkFacts>): CollectedChains {
  const linkById = new Map<string, LinkFacts>();
  for (const link of links) linkById.set(link.id, link);
  const following = Map.groupBy(linkById.values(), ({ chain, prev }) => `${chain} ${prev ?? ""}`);
  const placeById = new Map<string, Place>();
  const chains: ChainFacts[] = [];
  for (const name of new Set([...linkById.values()].map(({ chain }) => chain))) {
    const branches = branchesOf(name, following, placeById);
    if (branches.length > 0) chains.push({ name, branches });
  }
  return { chains, place: (id) => placeById.get(id) };
}

function branchesOf(
  chain: string,
  following: ReadonlyMap<string, readonly LinkFacts[]>,
  placeById: Map<string, Place>,
): readonly BranchFacts[] {
  const after = (id: string | null, seq: number): readonly LinkFacts[] =>
    (following.get(`${chain} ${id ?? ""}`) ?? []).filter((link) => link.seq === seq);
  const starts = after(null, 0).map((first) => ({ first, parent: null as number | null, admission: first.admission }));
  const branches: BranchFacts[] = [];
  // The list grows while it is walked: where a branch ends in a fork others begin.
  for (const [index, { first, parent, admission }] of starts.entries()) {
    let last = first;
    placeById.set(last.id, { chain, branch: index, seq: last.seq });
    let next = after(last.id, last.seq + 1);
    for (let [only] = next; next.length === 1 && only !== undefined; [only] = next) {
      last = only;
      placeById.set(last.id, { chain, branch: index, seq: last.seq });
      next = after(last.id, last.seq + 1);
    }
    branches.push({ parent, admission, first: { seq: first.seq, id: first.id }, last: { seq: last.seq, id: last.id } });
    starts.push(...next.map((rival) => ({ first: rival, parent: index as number | null, admission })));
  }
  return branches;
}
