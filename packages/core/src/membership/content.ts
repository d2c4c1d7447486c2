// What of a judgement a cache depends on, in one form.
import type { Accepted } from "./accept.ts";
import type { Place } from "./facts.ts";
import type { KeyHeads } from "./key-heads.ts";

/**
 * Text that is equal exactly when the same entries count, the same admissions are live, and the same versions are current: caches
 * carry its hash. Ends are named by the first entry of their branch and a seq, so that branches may be numbered in any way.
 */
export function acceptedContent(accepted: Accepted, { heads }: Pick<KeyHeads, "heads">): string {
  const ends = [...accepted.chains.values()].flatMap(({ tree, end }) =>
    end === null ? [] : [[tree.name, firstOf(tree, end), end.seq]],
  );
  const live = accepted.admissions.map(({ id }) => id).filter(accepted.isLive);
  return JSON.stringify([ends.sort(byFirst), live.sort(), [...heads].sort(byFirst)]);
}

const firstOf = (tree: { branch(index: number): { first: { id: string } } | undefined }, { branch }: Place): string =>
  tree.branch(branch)?.first.id ?? "";

function byFirst([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
