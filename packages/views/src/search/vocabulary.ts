import type { KeptShape } from "../tree/kept-tree.ts";
import { nothingCodec } from "../tree/page-codec.ts";
import { MANY_ON_PAGE, nothing } from "../tree/tree-shape.ts";
import { byCodeUnits } from "../value/order.ts";
import { decodeTerms, encodeTerms } from "./number-columns.ts";

/** All terms that stand in some document, in the order of their code units: so those that begin alike are a stretch. */
export const vocabularyShape: KeptShape<string, null> = {
  ...{ number: 2, mostOnPage: MANY_ON_PAGE, weigh: null, summary: nothing, compare: byCodeUnits },
  key: (term) => term,
  codec: { entries: { encode: encodeTerms, decode: decodeTerms }, summary: nothingCodec },
};
