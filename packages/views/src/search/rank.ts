import MiniSearch from "minisearch";
import type { AskedTerm, FoundPostings } from "./find-postings.ts";
import { snapshotOf } from "./snapshot.ts";

/** A document that matches, and how well. */
export interface Ranked {
  /** The number of its database, and its own in the index of that. */
  readonly source: number;
  readonly number: number;
  /** Above 0; the higher the better. */
  readonly score: number;
  /** In which fields, by their numbers, which terms matched. */
  readonly matched: Readonly<Record<string, readonly string[]>>;
}

export interface Ranking {
  readonly asked: readonly AskedTerm[];
  /** Of each field what its terms weigh, by its number; null for one that is not looked at. */
  readonly boosts: readonly (number | null)[];
  readonly combine: "and" | "or";
}

/**
 * Documents that match, the best first, by what MiniSearch makes of them (BM25+; prefixes and similar terms weigh less). It is given the postings of
 * the terms that match, with the counts and lengths of the whole index, and so gives the scores that the whole would.
 */
export function rank(found: readonly FoundPostings[], { asked, boosts, combine }: Ranking): readonly Ranked[] {
  const { index: snapshot, places } = snapshotOf(found, boosts.length);
  const fields = boosts.flatMap((boost, field) => (boost === null ? [] : [String(field)]));
  const byTerm = new Map(asked.map((one) => [one.term, one]));
  const index = MiniSearch.loadJS<object>(snapshot, {
    fields: boosts.map((_, field) => String(field)),
    tokenize: (text) => text.split(" "),
    processTerm: (term) => term,
  });
  const results = index.search(asked.map(({ term }) => term).join(" "), {
    fields,
    boost: Object.fromEntries(boosts.map((boost, field) => [field, boost ?? 0])),
    prefix: (term) => byTerm.get(term)?.isPrefix ?? false,
    fuzzy: (term) => byTerm.get(term)?.distance || false,
    combineWith: combine === "and" ? "AND" : "OR",
  });
  return results.flatMap(({ id, score, match }) => {
    const place = places[id];
    // As a number of single precision: in which order terms were added up makes no difference then
    return place === undefined ? [] : [{ ...place, score: Math.fround(score), matched: match }];
  });
}
