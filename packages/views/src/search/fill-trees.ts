import { byCodeUnits } from "../value/order.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import type { FieldLengths } from "./field-lengths.ts";
import type { KeptDocument } from "./kept-documents.ts";
import type { Posting } from "./postings.ts";
import type { SearchTrees } from "./search-trees.ts";

/** The terms of a field, as numbers. */
interface NumberedTerms {
  readonly terms: readonly number[];
  readonly counts: readonly number[];
}

/** Where a term stands in one field. */
interface Places {
  readonly numbers: number[];
  readonly counts: number[];
}

/** All documents of a database, on their way into an index: each term is held once. */
export class TreeFilling {
  readonly #numberOf = new Map<string, number>();
  readonly #terms: string[] = [];
  readonly #documents = new Map<string, readonly (NumberedTerms | null)[]>();

  /** A document may come again: what came last counts. @param fields null for one that is not there any more */
  add(id: string, fields: DocumentTerms | null): void {
    if (fields === null) this.#documents.delete(id);
    else
      this.#documents.set(
        id,
        fields.map((field) => field && this.#numbered(field)),
      );
  }

  /** @returns the first number that no document has */
  finish(trees: SearchTrees): number {
    const ids = [...this.#documents.keys()].sort(byCodeUnits);
    this.#fillTerms(trees, ids);
    const kept: KeptDocument[] = [];
    const lengths: FieldLengths[] = [];
    for (const [number, id] of ids.entries()) {
      const fields = this.#documents.get(id) ?? [];
      kept.push({ id, number, fields: fields.map((field) => field && this.#named(field)) });
      lengths.push({ number, lengths: fields.map((field) => field?.terms.length ?? -1) });
    }
    trees.documents.fill(kept);
    trees.lengths.fill(lengths);
    trees.numbers.fill(ids.map((id, number) => ({ number, id })));
    return ids.length;
  }

  #fillTerms(trees: SearchTrees, ids: readonly string[]): void {
    const places = this.#places(ids);
    const order = this.#terms.map((term, number) => ({ term, number })).sort((a, b) => byCodeUnits(a.term, b.term));
    const postings: Posting[] = [];
    const vocabulary: string[] = [];
    for (const { term, number: ofTerm } of order) {
      const before = postings.length;
      for (const [field, byTerm] of places.entries()) {
        const { numbers = [], counts = [] } = byTerm[ofTerm] ?? {};
        for (const [at, number] of numbers.entries()) postings.push({ term, field, number, count: counts[at] ?? 0 });
      }
      if (postings.length > before) vocabulary.push(term);
    }
    trees.postings.fill(postings);
    trees.vocabulary.fill(vocabulary);
  }

  /** By field, then by the number of the term. */
  #places(ids: readonly string[]): readonly (readonly (Places | undefined)[])[] {
    const places: (Places | undefined)[][] = [];
    for (const [number, id] of ids.entries())
      for (const [field, said] of (this.#documents.get(id) ?? []).entries()) {
        const byTerm = places[field] ?? new Array<Places | undefined>(this.#terms.length);
        places[field] = byTerm;
        if (said !== null) addPlaces(byTerm, number, said);
      }
    return places;
  }

  #numbered({ terms, counts }: FieldTerms): NumberedTerms {
    return { terms: terms.map((term) => this.#number(term)), counts };
  }

  #named({ terms, counts }: NumberedTerms): FieldTerms {
    return { terms: terms.map((term) => this.#terms[term] ?? ""), counts };
  }

  #number(term: string): number {
    const known = this.#numberOf.get(term);
    if (known !== undefined) return known;
    const number = this.#terms.push(term) - 1;
    this.#numberOf.set(term, number);
    return number;
  }
}

function addPlaces(byTerm: (Places | undefined)[], number: number, { terms, counts }: NumberedTerms): void {
  for (const [at, term] of terms.entries()) {
    const own = byTerm[term] ?? { numbers: [], counts: [] };
    byTerm[term] = own;
    own.numbers.push(number);
    own.counts.push(counts[at] ?? 0);
  }
}
