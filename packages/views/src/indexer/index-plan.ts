import { ViewError } from "../errors.ts";
import type { Origin } from "../expression/scope.ts";
import { compareValues } from "../value/order.ts";
import type { Value } from "../value/value.ts";
import type { EntryColumn } from "../view/column.ts";
import type { Entry } from "../view/entry.ts";
import type { SummedKind } from "../view/total.ts";
import { type IndexKey, type KeyPart, keyOrder, partOrder } from "./key-order.ts";

/** How entries are ordered, and what they come to: enough to read an index. */
export interface IndexShape {
  readonly version: number;
  readonly order: readonly KeyPart[];
  readonly totals: readonly (readonly [name: string, kind: SummedKind])[];
  /** Whether documents of one key fall by their ids. */
  readonly idsFall: boolean;
}

/** An index as it is worked with. Its entries are sorted by a key, and have a value, and what is totalled. */
export interface IndexPlan {
  readonly name: string;
  /** Whether it outlives the program. */
  readonly isKept: boolean;
  readonly shape: IndexShape;
  /** All that the index follows from, as far as that can be said. */
  readonly definition: string;
  /** @throws ViewError INDEX_ENTRY_INVALID | EXPRESSION_TOO_COSTLY; what an app's function throws */
  map(data: object, origin: Origin): readonly Entry[];
}

/** @throws ViewError INDEXER_INVALID */
export function indexColumns({ order, totals, idsFall }: IndexShape): readonly EntryColumn[] {
  const keys = keyOrder(order.map((part) => partOrder(part)));
  const other = { isSorted: false, compare: compareValues, total: null, idsFall };
  return [
    other,
    ...totals.map(([, total]) => ({ ...other, total })),
    { isSorted: true, compare: (a, b) => keys(listOf(a), listOf(b)), total: null, idsFall },
  ];
}

/** @param sources what else the index follows from */
export function encodeDefinition({ version, order, totals, idsFall }: IndexShape, sources: string | null): string {
  return JSON.stringify([
    version,
    order.map(({ sort, language }) => [sort ?? null, language ?? null]),
    totals,
    idsFall,
    sources,
  ]);
}

/** The shape of an index that this program once kept; null where nobody can tell. */
export function decodeShape(definition: string): IndexShape | null {
  const [version, order, totals, idsFall]: unknown[] = JSON.parse(definition);
  if (typeof version !== "number" || !Array.isArray(order) || !Array.isArray(totals)) return null;
  const shape: IndexShape = { version, order: order.map(partIn), totals, idsFall: idsFall === true };
  try {
    indexColumns(shape);
    return shape;
  } catch (error) {
    if (error instanceof ViewError) return null; // a language that this runtime does not know
    throw error;
  }
}

function partIn([sort, language]: readonly unknown[]): KeyPart {
  return {
    ...(sort === "desc" ? { sort } : {}),
    ...(typeof language === "string" ? { language } : {}),
  };
}

/** The key of an entry. */
export function keyIn({ sort }: Entry): IndexKey {
  return listOf(sort[0]);
}

function listOf(value: Value): IndexKey {
  return Array.isArray(value) ? value : [];
}
