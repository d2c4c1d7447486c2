import { damaged } from "../damaged-index.ts";
import type { KeptShape } from "../tree/kept-tree.ts";
import { nothingCodec } from "../tree/page-codec.ts";
import { nothing, SOME_ON_PAGE } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Json } from "../value/value-codec.ts";
import type { DocumentTerms, FieldTerms } from "./document-terms.ts";
import { decodeAlike, decodeSteps, decodeTerms, encodeAlike, encodeSteps, encodeTerms } from "./number-columns.ts";

/** A document, its number in its index, and all that stands of it there: so it can be taken out without being read again. */
export interface KeptDocument {
  readonly id: string;
  readonly number: number;
  readonly fields: DocumentTerms;
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
      encode: (documents) => documents.map(({ id, number, fields }) => [id, number, fields.map(encodeField)]),
      decode: (json) => listIn(json).map(decodeDocument),
    },
    summary: nothingCodec,
  },
};

/** By number. */
export const numberShape: KeptShape<NumberedDocument, null> = {
  ...{ number: 5, mostOnPage: SOME_ON_PAGE, summary: nothing },
  compare: (a, b) => a.number - b.number,
  key: ({ number }) => ({ number, id: "" }),
  weigh: () => 3,
  codec: {
    entries: {
      encode: (documents) => [encodeSteps(documents.map(({ number }) => number)), documents.map(({ id }) => id)],
      decode: decodeNumbers,
    },
    summary: nothingCodec,
  },
};

function weightOf(field: FieldTerms | null): number {
  return field === null ? 0 : field.terms.reduce((sum, term) => sum + (term.length + 3) / 32, 1);
}

function encodeField(field: FieldTerms | null): Json {
  return field === null ? null : [encodeTerms(field.terms), encodeAlike(field.counts)];
}

/** @throws ViewError INDEX_DAMAGED */
function decodeDocument(json: unknown): KeptDocument {
  const [id, number, fields] = listIn(json);
  return { id: textIn(id), number: numberIn(number), fields: listIn(fields).map(decodeField) };
}

function decodeField(json: unknown): FieldTerms | null {
  if (json === null) return null;
  const [said, counts] = listIn(json);
  const terms = decodeTerms(said);
  return { terms, counts: decodeAlike(counts, terms.length) };
}

/** @throws ViewError INDEX_DAMAGED */
function decodeNumbers(json: unknown): readonly NumberedDocument[] {
  const [said, ids] = listIn(json);
  const [numbers, texts] = [decodeSteps(said), listIn(ids)];
  if (texts.length !== numbers.length) throw damaged("a number without a document");
  return numbers.map((number, at) => ({ number, id: textIn(texts[at]) }));
}
