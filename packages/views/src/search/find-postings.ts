import { byCodeUnits } from "../value/order.ts";
import type { FieldTotal } from "./field-lengths.ts";
import type { Posting } from "./postings.ts";
import { entriesOf, piecesFrom } from "./read-tree.ts";
import type { SearchTrees } from "./search-trees.ts";
import { SimilarTerms } from "./similar-terms.ts";
import type { Steps } from "./steps.ts";

/** A word that is looked for. */
export interface AskedTerm {
  readonly term: string;
  /** Whether terms that begin with it are found as well. */
  readonly isPrefix: boolean;
  /** Up to how many edits away terms are found as well. */
  readonly distance: number;
}

/** What of an index matches some words, and what all its documents come to. */
export interface FoundPostings {
  readonly documents: number;
  readonly totals: readonly FieldTotal[];
  readonly postings: readonly Posting[];
  /** How long the fields of the documents are that have one of them, by number. */
  readonly lengths: ReadonlyMap<number, readonly number[]>;
}

/**
 * Reads of an index what some words match, and no more.
 * @param within the numbers of the fields that are looked at, and what it may take
 * @throws ViewError QUERY_TOO_COSTLY | INDEX_DAMAGED
 */
export async function findPostings(
  trees: SearchTrees,
  asked: readonly AskedTerm[],
  within: { readonly fields: ReadonlySet<number>; readonly steps: Steps },
): Promise<FoundPostings> {
  const { fields, steps } = within;
  const terms = [...(await matchingTerms(trees, asked, steps))].sort(byCodeUnits);
  const postings: Posting[] = [];
  const byTerm = { keyOf: ({ term }: Posting) => term, compare: byCodeUnits };
  for await (const piece of entriesOf(trees.postings.tree, terms, byTerm)) {
    steps.take(piece.length);
    for (const posting of piece) if (fields.has(posting.field)) postings.push(posting);
  }
  const { tree } = trees.lengths;
  return { documents: tree.size, totals: tree.summary, postings, lengths: await lengthsOf(trees, postings) };
}

async function lengthsOf(trees: SearchTrees, postings: readonly Posting[]): Promise<FoundPostings["lengths"]> {
  const numbers = [...new Set(postings.map(({ number }) => number))].sort((a, b) => a - b);
  const found = new Map<number, readonly number[]>();
  const byNumber = { keyOf: ({ number }: { number: number }) => number, compare: (a: number, b: number) => a - b };
  for await (const piece of entriesOf(trees.lengths.tree, numbers, byNumber))
    for (const { number, lengths } of piece) found.set(number, lengths);
  return found;
}

/** The terms of an index that match one of some words; and these. */
async function matchingTerms(
  { vocabulary }: SearchTrees,
  asked: readonly AskedTerm[],
  steps: Steps,
): Promise<ReadonlySet<string>> {
  const found = new Set(asked.map(({ term }) => term));
  for (const { term: prefix, isPrefix } of asked) {
    if (!isPrefix) continue;
    for await (const piece of piecesFrom(vocabulary.tree, (term) => term < prefix)) {
      const begun = piece.filter((term) => term.startsWith(prefix));
      steps.take(begun.length);
      for (const term of begun) found.add(term);
      if (begun.length < piece.length) break;
    }
  }
  const near = asked.filter(({ distance }) => distance > 0);
  const similar = near.map(({ term, distance }) => new SimilarTerms(term, distance));
  if (similar.length === 0) return found;
  for await (const piece of piecesFrom(vocabulary.tree, () => false)) {
    steps.take(piece.length * similar.length);
    for (const term of piece) if (similar.some((one) => one.includes(term))) found.add(term);
  }
  return found;
}
