import { damaged } from "../damaged-index.ts";
import type { KeptShape } from "../tree/kept-tree.ts";
import { MOST_ON_PAGE, type Summary } from "../tree/tree-shape.ts";
import { listIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import type { DocumentTerms } from "./document-terms.ts";
import { decodeAlike, decodeSteps, encodeAlike, encodeSteps } from "./number-columns.ts";

/** How long the fields of a document are. */
export interface FieldLengths {
  /** Of the document in its index. */
  readonly number: number;
  /** Different terms, field by field; `NO_TEXT` for a field without a text. */
  readonly lengths: readonly number[];
}

const NO_TEXT = -1;

/** How long the fields of a document are. */
export function lengthsOf(fields: DocumentTerms): readonly number[] {
  return fields.map((field) => field?.terms.length ?? NO_TEXT);
}

export function areSameLengths(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, field) => length === b[field]);
}

/** Of a field: in how many documents it has a text, and how long these are together. */
export interface FieldTotal {
  readonly documents: number;
  readonly length: number;
}

/** By the number of the document. */
export function lengthShape(fields: number): KeptShape<FieldLengths, readonly FieldTotal[]> {
  return {
    ...{ number: 3, mostOnPage: MOST_ON_PAGE, weigh: null, summary: totalsOf(fields) },
    compare: (a, b) => a.number - b.number,
    key: ({ number }) => ({ number, lengths: NO_LENGTHS }),
    codec: {
      entries: { encode: (entries) => encodeLengths(entries), decode: decodeLengths },
      summary: { encode: (totals) => totals.map(({ documents, length }) => [documents, length]), decode: decodeTotals },
    },
  };
}

const NO_LENGTHS: readonly number[] = [];

function totalsOf(fields: number): Summary<FieldLengths, readonly FieldTotal[]> {
  const none = Array.from({ length: fields }, () => ({ documents: 0, length: 0 }));
  return {
    none,
    of: (entries) => none.map((_, field) => totalOf(entries, field)),
    join: (parts) =>
      none.map((_, field) => ({
        documents: parts.reduce((sum, part) => sum + (part[field]?.documents ?? 0), 0),
        length: parts.reduce((sum, part) => sum + (part[field]?.length ?? 0), 0),
      })),
    changed: (before, gone, come) =>
      none.map((_, field) => {
        const [had, less, more] = [before[field], totalOf(gone, field), totalOf(come, field)];
        return {
          documents: (had?.documents ?? 0) - less.documents + more.documents,
          length: (had?.length ?? 0) - less.length + more.length,
        };
      }),
  };
}

function totalOf(entries: readonly FieldLengths[], field: number): FieldTotal {
  let [documents, total] = [0, 0];
  for (const { lengths } of entries) {
    const length = lengths[field] ?? NO_TEXT;
    if (length === NO_TEXT) continue;
    documents += 1;
    total += length;
  }
  return { documents, length: total };
}

/** Field by field. */
function encodeLengths(entries: readonly FieldLengths[]): Json {
  const [first] = entries;
  return [
    encodeSteps(entries.map(({ number }) => number)),
    ...(first?.lengths ?? []).map((_, field) => encodeAlike(entries.map(({ lengths }) => lengths[field] ?? NO_TEXT))),
  ];
}

/** @throws ViewError INDEX_DAMAGED */
function decodeLengths(json: unknown): readonly FieldLengths[] {
  const [said, ...columns] = listIn(json);
  const numbers = decodeSteps(said);
  const fields = columns.map((column) => decodeAlike(column, numbers.length));
  return numbers.map((number, at) => ({ number, lengths: fields.map((lengths) => lengths[at] ?? NO_TEXT) }));
}

/** @throws ViewError INDEX_DAMAGED */
function decodeTotals(json: unknown): readonly FieldTotal[] {
  return listIn(json).map((said) => {
    const [documents, length, ...more] = decodeAlike(said, 2);
    if (documents === undefined || length === undefined || more.length > 0) throw damaged("no total");
    return { documents, length };
  });
}
