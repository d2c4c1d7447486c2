import type { AsPlainObject } from "minisearch";
import type { FoundPostings } from "./find-postings.ts";

/** A document: the number of its database, and its own in the index of that. */
interface Place {
  readonly source: number;
  readonly number: number;
}

/** What several indexes hold of some terms as MiniSearch keeps an index, where a document is called by its position in `places`. */
export interface Snapshot {
  readonly index: AsPlainObject;
  readonly places: readonly Place[];
}

type ByDocument = Record<string, number>;

/** @param fields how many there are: their numbers are their names */
export function snapshotOf(found: readonly FoundPostings[], fields: number): Snapshot {
  const places: Place[] = [];
  const fieldLength: number[][] = [];
  const terms = new Map<string, Record<string, ByDocument>>();
  for (const [source, { postings, lengths }] of found.entries()) {
    const known = new Map<number, number>();
    for (const { term, field, number, count } of postings) {
      let own = known.get(number);
      if (own === undefined) {
        own = places.push({ source, number }) - 1;
        known.set(number, own);
        fieldLength.push([...(lengths.get(number) ?? [])]);
      }
      const byField = terms.get(term) ?? {};
      const byDocument = byField[field] ?? {};
      byDocument[own] = count;
      byField[field] = byDocument;
      terms.set(term, byField);
    }
  }
  const names = Array.from({ length: fields }, (_, field) => field);
  const index: AsPlainObject = {
    documentCount: found.reduce((sum, { documents }) => sum + documents, 0),
    nextId: places.length,
    documentIds: byNumber(places.map((_, own) => own)),
    fieldIds: byNumber(names),
    fieldLength: byNumber(fieldLength),
    averageFieldLength: names.map((field) => averageOf(found, field)),
    storedFields: {},
    dirtCount: 0,
    index: [...terms],
    serializationVersion: 2,
  };
  return { index, places };
}

const byNumber = <T>(items: readonly T[]): Record<string, T> => Object.fromEntries(items.entries());

/** How long a field is where it has a text. */
function averageOf(found: readonly FoundPostings[], field: number): number {
  let [documents, length] = [0, 0];
  for (const { totals } of found) {
    documents += totals[field]?.documents ?? 0;
    length += totals[field]?.length ?? 0;
  }
  return documents === 0 ? 0 : length / documents;
}
