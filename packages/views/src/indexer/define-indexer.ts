import { ViewError } from "../errors.ts";
import { isTrue } from "../expression/logic-functions.ts";
import type { Origin } from "../expression/scope.ts";
import { isPlainObject } from "../value/plain-object.ts";
import { plainValue, valueAt } from "../value/value.ts";
import { costOf } from "../value/value-cost.ts";
import { planExpression } from "../view/column.ts";
import { type Entry, NO_CATEGORY } from "../view/entry.ts";
import { SUMMED_KINDS } from "../view/total.ts";
import { encodeDefinition, type IndexPlan, type IndexShape, indexColumns } from "./index-plan.ts";
import type { IndexerDefinition, IndexItem, StoredMap } from "./indexer.ts";

/** Parts of a key. */
const MOST_PARTS = 16;

/** What a key may hold: a step is a value, a member of a list, or 32 characters. */
export const MOST_KEY_STEPS = 64;

/** Entries of one document. */
const MOST_ENTRIES = 1_000;

/** What all entries of a document may hold. */
const MOST_STEPS = 65_536;

/** An app's own index, to be opened over databases with `openIndex`. */
export interface Indexer<T extends object> {
  readonly name: string;
  readonly version: number;
  readonly definition: IndexerDefinition<T>;
}

const plans = new WeakMap<Indexer<never>, IndexPlan>();

/** Says what an index holds of each document. @throws ViewError INDEXER_INVALID | EXPRESSION_INVALID */
export function defineIndexer<T extends object>(definition: IndexerDefinition<T>): Indexer<T> {
  const { name, version, order = [], totals = {} } = definition;
  if (typeof name !== "string" || name === "") throw new ViewError("INDEXER_INVALID", "an indexer has a name");
  if (!Number.isSafeInteger(version) || version < 1)
    throw new ViewError("INDEXER_INVALID", "the version of an indexer is a whole number from 1");
  for (const total of Object.values(totals))
    if (!SUMMED_KINDS.includes(total)) throw new ViewError("INDEXER_INVALID", "there is no such total");
  const shape: IndexShape = { version, order, totals: Object.entries(totals), idsFall: false };
  indexColumns(shape);
  const { map, sources } =
    typeof definition.map === "function" ? functionMap(definition.map) : storedMap(definition.map);
  const indexer: Indexer<T> = Object.freeze({ name, version, definition });
  plans.set(indexer, {
    ...{ name, isKept: true, shape, definition: encodeDefinition(shape, sources) },
    map: (data, origin) => entriesOf(map(data, origin), shape, origin),
  });
  return indexer;
}

export function planOf<T extends object>(indexer: Indexer<T>): IndexPlan {
  const plan = plans.get(indexer);
  if (plan === undefined) throw new ViewError("INDEXER_INVALID", "an indexer is made by defineIndexer");
  return plan;
}

interface PlannedMap {
  readonly map: (data: object, origin: Origin) => readonly IndexItem[];
  readonly sources: string | null;
}

function functionMap<T extends object>(
  map: Extract<IndexerDefinition<T>["map"], (...args: never) => unknown>,
): PlannedMap {
  return {
    map: (data, origin) => {
      const items = map(data as T, origin);
      return items === null ? [] : "key" in items ? [items] : items;
    },
    sources: null,
  };
}

function storedMap(said: StoredMap): PlannedMap {
  if (!isPlainObject(said)) throw new ViewError("INDEXER_INVALID", "a map is a function, or an object of expressions");
  const { key, value = {}, where } = said;
  if (!Array.isArray(key) || key.length === 0) throw new ViewError("INDEXER_INVALID", "a key is a list of parts");
  const parts = key.map((part) => planExpression(part));
  const members = Object.entries(value).map(([name, one]) => [name, planExpression(one)] as const);
  const filter = where === undefined ? null : planExpression(where);
  return {
    map: (data, origin) => {
      if (filter !== null && !isTrue(filter.compute(data, origin))) return [];
      const computed = members.map(([name, one]) => [name, one.compute(data, origin)] as const);
      return [
        {
          key: parts.map(({ compute }) => compute(data, origin)),
          ...(members.length === 0 ? {} : { value: Object.fromEntries(computed) }),
        },
      ];
    },
    sources: JSON.stringify([
      parts.map(({ source }) => source),
      members.map(([name, { source }]) => [name, source]),
      filter?.source ?? null,
    ]),
  };
}

/** @throws ViewError INDEX_ENTRY_INVALID */
function entriesOf(items: readonly IndexItem[], { totals }: IndexShape, { id }: Origin): readonly Entry[] {
  if (items.length > MOST_ENTRIES) throw invalid(`a document has at most ${MOST_ENTRIES} entries`);
  const entries = items.map(({ key, value }): Entry => {
    if (!Array.isArray(key) || key.length === 0 || key.length > MOST_PARTS)
      throw invalid(`a key is a list of 1 to ${MOST_PARTS} values`);
    if (costOf(key) > MOST_KEY_STEPS) throw invalid("a key holds about 2 KB");
    if (costOf(value) > MOST_STEPS) throw tooMuch();
    const plain = plainValue(value);
    return {
      path: NO_CATEGORY,
      sort: [key.map(plainValue)],
      id,
      values: [plain, ...totals.map(([name]) => valueAt(plain, [name]))],
    };
  });
  const steps = entries.reduce((sum, { sort, values }) => sum + costOf(sort) + costOf(values), 0);
  if (steps > MOST_STEPS) throw tooMuch();
  return entries;
}

const tooMuch = (): ViewError => invalid("a document takes about 2 MB of an index");

const invalid = (message: string): ViewError => new ViewError("INDEX_ENTRY_INVALID", message);
