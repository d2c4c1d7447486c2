import { damaged } from "../damaged-index.ts";
import type { KeptShape } from "../tree/kept-tree.ts";
import { nothingCodec } from "../tree/page-codec.ts";
import { MANY_ON_PAGE, nothing, SOME_ON_PAGE } from "../tree/tree-shape.ts";
import { encodeIds, idsIn } from "../value/ids-codec.ts";
import { byCodeUnits } from "../value/order.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { decodeAlike, decodeSteps, decodeTerms, encodeAlike, encodeSteps, encodeTerms } from "./number-columns.ts";

/** A document, its number in its index, and all that stands of it there: so it can be taken out without being read again. */
export interface KeptDocument {
  readonly id: string;
  readonly number: number;
  readonly fields: readonly (KeptField | null)[];
}

/** The terms of a field, in one text, and how often each stands there. */
interface KeptField {
  readonly terms: string;
  /** One number where it is that of all. */
  readonly counts: number | readonly number[];
}

export interface NumberedDocument {
  readonly number: number;
  readonly id: string;
}

/** By id. */
export const documentShape: KeptShape<KeptDocument, null> = {
  ...{ number: 4, mostOnPage: SOME_ON_PAGE, summary: nothing },
  compare: (a, b) => byCodeUnits(a.id, b.id),
  key: ({ id }) => ({ id, number: 0, fields: [] }),
  weigh: ({ fields }) => 3 + fields.reduce((sum, field) => sum + weightOf(field), 0),
  codec: {
    entries: {
      encode: (documents) =>
        documents.map(({ id, number, fields }) => [
          id,
          number,
          fields.map((field) => field && [field.terms, field.counts]),
        ]),
      decode: (json) => listIn(json).map(decodeDocument),
    },
    summary: nothingCodec,
  },
};

/** By number. */
export const numberShape: KeptShape<NumberedDocument, null> = {
  ...{ number: 5, mostOnPage: MANY_ON_PAGE, weigh: null, summary: nothing },
  compare: (a, b) => a.number - b.number,
  key: ({ number }) => ({ number, id: "" }),
  codec: {
    entries: {
      encode: (documents) => [
        encodeSteps(documents.map(({ number }) => number)),
        encodeIds(documents.map(({ id }) => id)),
      ],
      decode: decodeNumbers,
    },
    summary: nothingCodec,
  },
};

export function keepFields(fields: DocumentTerms): KeptDocument["fields"] {
  return fields.map((field) => field && { terms: encodeTerms(field.terms), counts: encodeAlike(field.counts) });
}

/** Whether the same stands in both, in the same order. */
export function areSameFields(a: KeptDocument["fields"], b: KeptDocument["fields"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** @throws ViewError INDEX_DAMAGED */
export function termsIn(fields: KeptDocument["fields"]): DocumentTerms {
  return fields.map((field): FieldTerms | null => {
    if (field === null) return null;
    const terms = decodeTerms(field.terms);
    return { terms, counts: decodeAlike(field.counts, terms.length) };
  });
}

function weightOf(field: KeptField | null): number {
  if (field === null) return 0;
  return (field.terms.length + 2 * (typeof field.counts === "number" ? 1 : field.counts.length)) / 32;
}

/** @throws ViewError INDEX_DAMAGED */
function decodeDocument(json: unknown): KeptDocument {
  const [id, number, fields] = listIn(json);
  return { id: textIn(id), number: numberIn(number), fields: listIn(fields).map(decodeField) };
}

function decodeField(json: unknown): KeptField | null {
  if (json === null) return null;
  const [terms, counts] = listIn(json);
  return { terms: textIn(terms), counts: Array.isArray(counts) ? counts.map(numberIn) : numberIn(counts) };
}

/** @throws ViewError INDEX_DAMAGED */
function decodeNumbers(json: unknown): readonly NumberedDocument[] {
  const [said, ids] = listIn(json);
  const [numbers, named] = [decodeSteps(said), idsIn(ids)];
  if (named.length !== numbers.length) throw damaged("a number without a document");
  return numbers.map((number, at) => ({ number, id: named[at] ?? "" }));
}
