import type { OpenSearch } from "./declare-search.ts";
import { findPostings } from "./find-postings.ts";
import type { PlannedSearch } from "./plan-asked.ts";
import { type Ranked, rank } from "./rank.ts";
import { Steps } from "./steps.ts";

/** All documents of some indexes that match, the best first. @throws as `search` does */
export async function rankedIn(
  searches: readonly OpenSearch[],
  { asked, boosts, combine }: PlannedSearch,
): Promise<readonly Ranked[]> {
  if (asked.length === 0) return [];
  const fields = new Set(boosts.flatMap((boost, field) => (boost === null ? [] : [field])));
  const steps = new Steps();
  const found = await Promise.all(
    searches.map(({ index }) => index.readNow(({ trees }) => findPostings(trees, asked, { fields, steps }))),
  );
  return rank(found, { asked, boosts, combine });
}
