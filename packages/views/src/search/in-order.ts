import { readMarkedKey } from "../query/marked-key.ts";
import { byCodeUnits } from "../value/order.ts";
import { numberIn, textIn } from "../value/read-json.ts";
import type { OpenSearch } from "./declare-search.ts";
import type { NumberedDocument } from "./kept-documents.ts";
import type { Ranked } from "./rank.ts";
import { entriesOf } from "./read-tree.ts";
import type { SearchTrees } from "./search-trees.ts";

const FEW = 64;

/** Where a row stands among those of its search: the better first, then by id, then by database. */
export interface Place {
  readonly score: number;
  readonly id: string;
  readonly source: number;
}

/** A document that matches. */
export interface Located extends Ranked, Place {}

/** Where a row stands, as text. @param mark of what is looked for */
export function keyOfPlace({ score, id, source }: Place, mark: number): string {
  return JSON.stringify([mark, score, id, source]);
}

/** Documents that match in their order, looked up as they are needed. @param after where the row before the first stood; null for none */
export async function* inOrder(
  ranked: readonly Ranked[],
  searches: readonly OpenSearch[],
  after: Place | null,
): AsyncGenerator<Located, void> {
  const last = after && (await placeNow(after, ranked, searches));
  for (let at = 0; at < ranked.length; ) {
    const score = ranked[at]?.score ?? 0;
    const start = at;
    while (ranked[at]?.score === score) at++;
    if (last !== null && score > last.score) continue;
    for (const located of await locate(ranked.slice(start, at), searches))
      if (last === null || comparePlaces(last, located) < 0) yield located;
  }
}

const comparePlaces = (a: Place, b: Place): number =>
  b.score - a.score || byCodeUnits(a.id, b.id) || a.source - b.source;

/** The row of a key may have moved since: then where it is now counts. */
async function placeNow(place: Place, ranked: readonly Ranked[], searches: readonly OpenSearch[]): Promise<Place> {
  const document = await searches[place.source]?.index.readOn(({ trees }) => trees.document(place.id));
  const now = ranked.find(({ source, number }) => source === place.source && number === document?.number);
  return now === undefined ? place : { ...place, score: now.score };
}

/** Of one score. */
async function locate(group: readonly Ranked[], searches: readonly OpenSearch[]): Promise<readonly Located[]> {
  const found: Located[] = [];
  for (const [source, { index }] of searches.entries()) {
    const own = new Map(group.filter((one) => one.source === source).map((one) => [one.number, one]));
    if (own.size === 0) continue;
    const numbers = [...own.keys()].sort((a, b) => a - b);
    const located = await index.readOn(async ({ trees }) => {
      const some: Located[] = []; // of this reading: it begins anew where a page is damaged
      for await (const { number, id } of numbered(trees, numbers)) {
        const one = own.get(number);
        if (one !== undefined) some.push({ ...one, id });
      }
      return some;
    });
    for (const one of located) found.push(one);
  }
  return found.sort(comparePlaces);
}

/** Documents of some numbers: a few are looked up one by one, as each stands on a page of its own. @param numbers ascending */
async function* numbered(
  { numbers: { tree } }: SearchTrees,
  numbers: readonly number[],
): AsyncGenerator<NumberedDocument, void> {
  if (numbers.length < FEW) {
    for (const number of numbers) {
      const found = await tree.find({ number, id: "" });
      if (found !== null) yield found;
    }
    return;
  }
  const byNumber = { keyOf: ({ number }: NumberedDocument) => number, compare: (a: number, b: number) => a - b };
  for await (const piece of entriesOf(tree, numbers, byNumber)) yield* piece;
}

/** @throws ViewError KEY_INVALID */
export function placeIn(key: string, mark: number): Place {
  const read = ([score, id, source]: readonly unknown[]): Place => ({
    score: numberIn(score),
    id: textIn(id),
    source: numberIn(source),
  });
  return readMarkedKey(key, mark, read, "no row of this search has this key");
}
