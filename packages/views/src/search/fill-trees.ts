import { byCodeUnits } from "../value/order.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { lengthsOf } from "./field-lengths.ts";
import { type KeptDocument, keepFields } from "./kept-documents.ts";
import type { Posting } from "./postings.ts";
import type { SearchTrees } from "./search-trees.ts";

/** A document on its way into an index. */
interface FilledDocument {
  readonly kept: KeptDocument["fields"];
  readonly lengths: readonly number[];
  /** Field by field. */
  readonly terms: readonly (NumberedTerms | null)[];
}

/** The terms of a field, as numbers. */
interface NumberedTerms {
  readonly terms: readonly number[];
  readonly counts: readonly number[];
}

/** All documents of a database, on their way into an index: each term is held once. */
export class TreeFilling {
  readonly #numberOf = new Map<string, number>();
  readonly #terms: string[] = [];
  readonly #documents = new Map<string, FilledDocument>();

  /** A document may come again: what came last counts. @param fields null for one that is not there any more */
  add(id: string, fields: DocumentTerms | null): void {
    if (fields === null) this.#documents.delete(id);
    else
      this.#documents.set(id, {
        ...{ kept: keepFields(fields), lengths: lengthsOf(fields) },
        terms: fields.map((field) => field && this.#numbered(field)),
      });
  }

  /** @returns the first number that no document has */
  finish(trees: SearchTrees): number {
    const documents = [...this.#documents].sort(([a], [b]) => byCodeUnits(a, b));
    const [terms, ranks] = this.#inOrder();
    const fields = documents.reduce((most, [, { lengths }]) => Math.max(most, lengths.length), 0);
    const postings = postingsOf(
      documents.map(([, document]) => document.terms),
      { terms, ranks, fields },
    );
    trees.postings.fill(postings);
    trees.vocabulary.fill(distinct(postings));
    trees.documents.fill(documents.map(([id, { kept }], number) => ({ id, number, fields: kept })));
    trees.lengths.fill(documents.map(([, { lengths }], number) => ({ number, lengths })));
    trees.numbers.fill(documents.map(([id], number) => ({ number, id })));
    return documents.length;
  }

  /** All terms in order, and by its number where each stands among them. */
  #inOrder(): readonly [terms: readonly string[], ranks: Uint32Array] {
    const order = this.#terms.map((term, number) => ({ term, number })).sort((a, b) => byCodeUnits(a.term, b.term));
    const ranks = new Uint32Array(order.length);
    for (const [rank, { number }] of order.entries()) ranks[number] = rank;
    return [order.map(({ term }) => term), ranks];
  }

  #numbered({ terms, counts }: FieldTerms): NumberedTerms {
    return { terms: terms.map((term) => this.#number(term)), counts };
  }

  #number(term: string): number {
    const known = this.#numberOf.get(term);
    if (known !== undefined) return known;
    const number = this.#terms.push(term) - 1;
    this.#numberOf.set(term, number);
    return number;
  }
}

interface Terms {
  /** Ascending. */
  readonly terms: readonly string[];
  /** By the number of a term, where it stands among these. */
  readonly ranks: Uint32Array;
  readonly fields: number;
}

/**
 * All postings in order, by counting how many there are of each term and field (Knuth, The Art of Computer Programming, volume 3, section 5.2,
 * algorithm D). A database of 100,000 short documents has millions: no iterators.
 */
function postingsOf(
  documents: readonly (readonly (NumberedTerms | null)[])[],
  { terms, ranks, fields }: Terms,
): readonly Posting[] {
  const starts = new Uint32Array(terms.length * fields + 1);
  eachPosting(documents, (term, field) => {
    const at = (ranks[term] ?? 0) * fields + field + 1;
    starts[at] = (starts[at] ?? 0) + 1;
  });
  for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  const next = starts.slice();
  const [numbers, counts] = [new Uint32Array(starts.at(-1) ?? 0), new Uint32Array(starts.at(-1) ?? 0)];
  eachPosting(documents, (term, field, number, count) => {
    const place = (ranks[term] ?? 0) * fields + field;
    const at = next[place] ?? 0;
    next[place] = at + 1;
    numbers[at] = number;
    counts[at] = count;
  });
  const postings: Posting[] = [];
  for (let rank = 0; rank < terms.length; rank++)
    for (let field = 0; field < fields; field++) {
      const [term = "", end = 0] = [terms[rank], starts[rank * fields + field + 1]];
      for (let at = postings.length; at < end; at++)
        postings.push({ term, field, number: numbers[at] ?? 0, count: counts[at] ?? 0 });
    }
  return postings;
}

function eachPosting(
  documents: readonly (readonly (NumberedTerms | null)[])[],
  take: (term: number, field: number, number: number, count: number) => void,
): void {
  for (let number = 0; number < documents.length; number++) {
    const fields = documents[number] ?? [];
    for (let field = 0; field < fields.length; field++) {
      const { terms = [], counts = [] } = fields[field] ?? {};
      for (let at = 0; at < terms.length; at++) take(terms[at] ?? 0, field, number, counts[at] ?? 0);
    }
  }
}

/** Their terms, each once. */
function distinct(postings: readonly Posting[]): readonly string[] {
  const terms: string[] = [];
  for (const { term } of postings) if (term !== terms.at(-1)) terms.push(term);
  return terms;
}
