import { damaged } from "../damaged-index.ts";
import type { KeptShape } from "../tree/kept-tree.ts";
import { nothingCodec } from "../tree/page-codec.ts";
import { MOST_ON_PAGE, nothing } from "../tree/tree-shape.ts";
import { byCodeUnits, type Compare } from "../value/order.ts";
import { listIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import { decodeAlike, decodeSteps, decodeTerms, encodeAlike, encodeSteps, encodeTerms } from "./number-columns.ts";

/** How often a term stands in a field of a document. */
export interface Posting {
  readonly term: string;
  /** The number of the field. */
  readonly field: number;
  /** The number of the document in its index. */
  readonly number: number;
  readonly count: number;
}

export const comparePostings: Compare<Posting> = (a, b) =>
  byCodeUnits(a.term, b.term) || a.field - b.field || a.number - b.number;

/** By term, then by field, then by document. */
export const postingShape: KeptShape<Posting, null> = {
  ...{ number: 1, mostOnPage: MOST_ON_PAGE, weigh: null, summary: nothing, compare: comparePostings },
  key: ({ term, field, number }) => ({ term, field, number, count: 0 }),
  codec: { entries: { encode: encodePostings, decode: decodePostings }, summary: nothingCodec },
};

/** In columns: a term and a field once for all documents that follow one another there. */
function encodePostings(postings: readonly Posting[]): Json {
  const terms: string[] = [];
  const fields: number[] = [];
  const sizes: number[] = [];
  let last: Posting | null = null;
  for (const posting of postings) {
    if (posting.term === last?.term && posting.field === last.field) sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1;
    else {
      terms.push(posting.term);
      fields.push(posting.field);
      sizes.push(1);
    }
    last = posting;
  }
  return [
    encodeTerms(terms),
    encodeAlike(fields),
    encodeAlike(sizes),
    encodeSteps(postings.map(({ number }) => number)),
    encodeAlike(postings.map(({ count }) => count)),
  ];
}

/** @throws ViewError INDEX_DAMAGED */
function decodePostings(json: unknown): readonly Posting[] {
  const [said, fieldsSaid, sizesSaid, numbersSaid, countsSaid] = listIn(json);
  const [terms, numbers] = [decodeTerms(said), decodeSteps(numbersSaid)];
  const [fields, sizes] = [decodeAlike(fieldsSaid, terms.length), decodeAlike(sizesSaid, terms.length)];
  const counts = decodeAlike(countsSaid, numbers.length);
  const postings: Posting[] = [];
  for (const [at, term] of terms.entries()) {
    const [field = 0, end = 0] = [fields[at], postings.length + (sizes[at] ?? 0)];
    if (end > numbers.length) throw damaged("a term without documents");
    for (let n = postings.length; n < end; n++)
      postings.push({ term, field, number: numbers[n] ?? 0, count: counts[n] ?? 0 });
  }
  if (postings.length !== numbers.length) throw damaged("documents without a term");
  return postings;
}
