import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { lengthsOf } from "./field-lengths.ts";
import { type KeptDocument, keepFields } from "./kept-documents.ts";
import type { Posting } from "./postings.ts";
import type { SearchTrees } from "./search-trees.ts";

/** A document on its way into an index. */
interface FilledDocument {
  readonly kept: KeptDocument["fields"];
  readonly lengths: readonly number[];
  /** Where its terms begin among those of all documents, field by field. */
  readonly start: number;
}

/** The terms of documents, as numbers, and how often each stands there. */
interface NumberedTerms {
  readonly terms: readonly number[];
  readonly counts: readonly number[];
}

/**
 * All documents of a database, on their way into an index: each term is held once. A database of 100,000 short documents has millions of
 * postings: what is done for each of them makes no objects but these.
 */
export class TreeFilling {
  readonly #numberOf = new Map<string, number>();
  readonly #documents = new Map<string, FilledDocument>();
  readonly #terms: number[] = [];
  readonly #counts: number[] = [];

  /** A document may come again: what came last counts. @param fields null for one that is not there any more */
  add(id: string, fields: DocumentTerms | null): void {
    if (fields === null) this.#documents.delete(id);
    else {
      this.#documents.set(id, { kept: keepFields(fields), lengths: lengthsOf(fields), start: this.#terms.length });
      for (const field of fields) if (field !== null) this.#number(field);
    }
  }

  /** @returns the first number that no document has */
  finish(trees: SearchTrees): number {
    const ids = [...this.#documents.keys()].sort(); // by code units, as nothing else is said
    const documents = ids.flatMap((id) => this.#documents.get(id) ?? []);
    const inOrder = [...this.#numberOf.keys()].sort();
    const ranks = new Uint32Array(inOrder.length);
    for (let rank = 0; rank < inOrder.length; rank++) ranks[this.#numberOf.get(inOrder[rank] ?? "") ?? 0] = rank;
    const { postings, vocabulary } = postingsOf(
      documents,
      { terms: this.#terms, counts: this.#counts },
      inOrder,
      ranks,
    );
    trees.postings.fill(postings);
    trees.vocabulary.fill(vocabulary);
    trees.documents.fill(documents.map(({ kept }, number) => ({ id: ids[number] ?? "", number, fields: kept })));
    trees.lengths.fill(documents.map(({ lengths }, number) => ({ number, lengths })));
    trees.numbers.fill(ids.map((id, number) => ({ number, id })));
    return documents.length;
  }

  #number({ terms, counts }: FieldTerms): void {
    for (let at = 0; at < terms.length; at++) {
      const term = terms[at] ?? "";
      let number = this.#numberOf.get(term);
      if (number === undefined) {
        number = this.#numberOf.size;
        this.#numberOf.set(term, number);
      }
      this.#terms.push(number);
      this.#counts.push(counts[at] ?? 0);
    }
  }
}

/**
 * All postings in order, and the terms that have one, by counting how many there are of each term and field (Knuth, The Art of Computer
 * Programming, volume 3, section 5.2, algorithm D).
 * @param inOrder all terms, ascending @param ranks by the number of a term, where it stands among these
 */
function postingsOf(
  documents: readonly FilledDocument[],
  { terms, counts }: NumberedTerms,
  inOrder: readonly string[],
  ranks: Uint32Array,
): { readonly postings: readonly Posting[]; readonly vocabulary: readonly string[] } {
  const fields = documents.reduce((most, { lengths }) => Math.max(most, lengths.length), 0);
  const next = new Uint32Array(inOrder.length * fields + 1);
  eachTerm(documents, (at, field) => {
    const place = (ranks[terms[at] ?? 0] ?? 0) * fields + field + 1;
    next[place] = (next[place] ?? 0) + 1;
  });
  for (let at = 1; at < next.length; at++) next[at] = (next[at] ?? 0) + (next[at - 1] ?? 0);
  const postings = new Array<Posting>(next.at(-1) ?? 0);
  eachTerm(documents, (at, field, number) => {
    const rank = ranks[terms[at] ?? 0] ?? 0;
    const place = rank * fields + field;
    const to = next[place] ?? 0;
    next[place] = to + 1;
    postings[to] = { term: inOrder[rank] ?? "", field, number, count: counts[at] ?? 0 };
  });
  // Each place has come to where the next one began: a term without postings has come nowhere.
  const vocabulary = inOrder.filter((_, rank) => next[rank * fields + fields - 1] !== (next[rank * fields - 1] ?? 0));
  return { postings, vocabulary };
}

function eachTerm(
  documents: readonly FilledDocument[],
  take: (at: number, field: number, number: number) => void,
): void {
  for (let number = 0; number < documents.length; number++) {
    const { lengths = [], start = 0 } = documents[number] ?? {};
    let at = start;
    for (let field = 0; field < lengths.length; field++)
      for (const end = at + Math.max(0, lengths[field] ?? 0); at < end; at++) take(at, field, number);
  }
}
