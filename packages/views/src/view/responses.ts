import { byCodeUnits, type Compare } from "../value/order.ts";
import { costOf } from "../value/value-cost.ts";
import type { CategoryPath, Entry, Standing } from "./entry.ts";
import { eachOnce } from "./sort-entries.ts";

/** A document that is shown, and the one that it answers. */
export interface Responding {
  readonly id: string;
  /** Null where it says none. */
  readonly responseTo: string | null;
  /** Where it stands by itself. */
  readonly alone: readonly Entry[];
}

/** Documents that one stands beneath. */
const DEEPEST = 32;

/** Where a document stands. */
export interface StandingDocument {
  readonly id: string;
  readonly responseTo: string | null;
  readonly entries: readonly Entry[];
}

/** What these may hold together, as `costOf` weighs it: about 16 KB. It is written with each document beneath them. */
export const MOST_ABOVE = 512;

/** Of the places of a document, those that its responses stand at. */
const MOST_PLACES = 100;

/** Where responses to a document stand. */
interface Below {
  readonly path: CategoryPath;
  readonly above: readonly Standing[];
}

/** @param parent the places of a document */
export function belowOf(parent: readonly Entry[]): readonly Below[] {
  return parent.slice(0, MOST_PLACES).map(({ path, sort, id, above = [] }) => {
    const way: readonly Standing[] = [...above, { sort, id }];
    const weight = way.reduce((sum, standing) => sum + 1 + costOf(standing.sort), 0);
    return { path, above: above.length > 0 && (way.length > DEEPEST || weight > MOST_ABOVE) ? above : way };
  });
}

/** Where a document stands as a response. @param alone where it stands by itself */
export function beneath(below: readonly Below[], alone: readonly Entry[]): readonly Entry[] {
  const [own] = alone;
  return own === undefined ? [] : below.map((place) => ({ ...own, ...place }));
}

/**
 * Where documents stand: those that answer one of them, or one outside, beneath it; the others by themselves, and of those that answer one
 * another in a circle the one with the least id.
 * @param outside the places of others that are answered, in order
 */
export function standingOf(
  documents: ReadonlyMap<string, Responding>,
  outside: ReadonlyMap<string, readonly Entry[]>,
  order: Compare<Entry>,
): readonly StandingDocument[] {
  const places = new Map<string, readonly Entry[]>();
  const responses = Map.groupBy(documents.values(), ({ responseTo }) => responseTo);
  const place = (first: string, entries: readonly Entry[]): void => {
    places.set(first, eachOnce(order, entries));
    const waiting = [first];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const below = belowOf(places.get(id) ?? []);
      for (const response of responses.get(id) ?? []) {
        if (places.has(response.id)) continue;
        places.set(response.id, beneath(below, response.alone));
        waiting.push(response.id);
      }
    }
  };
  for (const { id, responseTo, alone } of documents.values()) {
    if (responseTo !== null && documents.has(responseTo)) continue;
    const parent = responseTo === null ? undefined : outside.get(responseTo);
    place(id, parent === undefined ? alone : beneath(belowOf(parent), alone));
  }
  for (const document of documents.values()) {
    if (places.has(document.id)) continue;
    const first = leastOfCircle(document, documents);
    place(first.id, first.alone);
  }
  return [...documents.values()].map(({ id, responseTo }) => ({ id, responseTo, entries: places.get(id) ?? [] }));
}

/** Of the circle that a document, and what it answers, leads into. */
function leastOfCircle(from: Responding, documents: ReadonlyMap<string, Responding>): Responding {
  const met = new Map<string, number>();
  const way: Responding[] = [];
  for (let one: Responding | undefined = from; one !== undefined && !met.has(one.id); ) {
    met.set(one.id, way.length);
    way.push(one);
    one = documents.get(one.responseTo ?? "");
  }
  const circle = way.slice(met.get(way.at(-1)?.responseTo ?? "") ?? 0);
  return circle.reduce((least, one) => (byCodeUnits(one.id, least.id) < 0 ? one : least), circle[0] ?? from);
}
