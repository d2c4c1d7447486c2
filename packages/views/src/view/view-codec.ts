import { damaged } from "../damaged-index.ts";
import type { TreeCodec } from "../tree/page-codec.ts";
import { columnIn, encodeColumn } from "../value/column-codec.ts";
import { encodeIds, idsIn } from "../value/ids-codec.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Value } from "../value/value.ts";
import { decodeValue, encodeValue, type Json } from "../value/value-codec.ts";
import type { EntryColumn } from "./column.ts";
import type { CategoryPath, Entry, Standing, Step } from "./entry.ts";
import type { Place } from "./place.ts";
import { isSummed, type Total, type Totals } from "./total.ts";

/** What finds an entry of a document. */
type Key = Pick<Entry, "path" | "sort" | "above">;

/** Stands for a column in which all entries of the page have what they have elsewhere, too. */
const AS_ELSEWHERE = 0;

const summary: TreeCodec<Entry, Totals>["summary"] = {
  encode: (all) => all.map(({ count, sum, extreme }) => [count, encodeValue(extreme), ...sum]),
  decode: (json) => listIn(json).map(totalIn),
};

/** Of a view's entries, column by column. What sorts them is mostly what stands in a column. */
export function entryCodec(columns: readonly EntryColumn[]): TreeCodec<Entry, Totals> {
  const sorted = sortedOf(columns);
  return {
    entries: {
      encode: (entries) => {
        const hasValues = entries[0]?.values.length !== 0;
        const isSame = (column: number, at: number) =>
          hasValues && entries.every(({ sort, values }) => Object.is(sort[at], values[column]));
        return [
          encodeIds(entries.map(({ id }) => id)),
          encodePaths(entries),
          sorted.map((column, at) => (isSame(column, at) ? AS_ELSEWHERE : encodeSort(entries, at))),
          hasValues ? columns.map((_, column) => encodeShown(entries, column)) : [],
          ...encodeAbove(entries),
        ];
      },
      decode: (json) => {
        const [said, places, sorts, shown, ...ways] = listIn(json);
        const ids = idsIn(said);
        const [paths, above] = [pathsIn(places, ids.length), aboveIn(ways)];
        const values = listIn(shown).map((column, number) => shownIn(column, paths, number));
        const sort = listIn(sorts).map((one, at) =>
          one === AS_ELSEWHERE ? values[sorted[at] ?? -1] : columnIn(one, ids.length),
        );
        return ids.map((id, at) =>
          entryOf({ path: pathAt(paths, at), sort: rowAt(sort, at), id, values: rowAt(values, at) }, above[at]),
        );
      },
    },
    summary,
  };
}

/** Of where documents stand: of each entry what finds it, and what the document adds to totals. */
export function placeCodec(columns: readonly EntryColumn[]): TreeCodec<Place, Totals> {
  const sorted = sortedOf(columns);
  const totalled = columns.flatMap(({ total }, column) => (isSummed(total) ? [column] : []));
  return {
    entries: {
      encode: (places) => {
        const keys = places.flatMap((place) => place.keys);
        return [
          encodeIds(places.map(({ id }) => id)),
          places.map((place) => place.keys.length),
          totalled.map((column) => encodeColumn(places.map(({ values }) => values[column]))),
          encodePaths(keys),
          sorted.map((_, at) => encodeSort(keys, at)),
          places.some(({ responseTo }) => responseTo !== undefined)
            ? places.map(({ responseTo }) => responseTo ?? null)
            : AS_ELSEWHERE,
          ...encodeAbove(keys),
        ];
      },
      decode: (json) => {
        const [ids, counted, summed, found, sorts, answered, ...ways] = listIn(json);
        const counts = listIn(counted).map(numberIn);
        const totals = listIn(summed).map((column) => columnIn(column, counts.length));
        const keys = counts.reduce((sum, count) => sum + count, 0);
        const [paths, above] = [pathsIn(found, keys), aboveIn(ways)];
        const responseTo = answered === AS_ELSEWHERE ? [] : listIn(answered);
        const sort = listIn(sorts).map((column) => columnIn(column, keys));
        let next = 0;
        return idsIn(ids).map((id, at): Place => {
          const own: Entry[] = [];
          for (const end = next + (counts[at] ?? 0); next < end; next++)
            own.push(entryOf({ path: pathAt(paths, next), sort: rowAt(sort, next), id, values: [] }, above[next]));
          const values = columns.map((_, column) => totals[totalled.indexOf(column)]?.[at] ?? null);
          const to = responseTo[at] ?? null;
          return { id, keys: own, values, ...(to === null ? {} : { responseTo: textIn(to) }) };
        });
      },
    },
    summary,
  };
}

/** The numbers of the columns that entries are sorted by. */
function sortedOf(columns: readonly EntryColumn[]): readonly number[] {
  return columns.flatMap(({ isSorted }, column) => (isSorted ? [column] : []));
}

/** How paths are said: each once, and for each entry which of them is its own; or step by step, where most entries have their own. */
const SAID = { once: 0, bySteps: 1 } as const;

export function encodePaths(keys: readonly Pick<Key, "path">[]): Json {
  const table = new Map<CategoryPath, number>();
  const numbers = keys.map(({ path }) => {
    const number = table.get(path) ?? table.size;
    if (number === table.size) table.set(path, number);
    return number;
  });
  const columns = table.size * 2 > keys.length ? columnsOf([...table.keys()]) : null;
  return columns === null
    ? [SAID.once, [...table.keys()].map(encodePath), numbers]
    : [SAID.bySteps, columns, columns.map((_, at) => encodeColumn(keys.map(({ path }) => path[at]?.value)))];
}

/** The columns of steps that all paths take, one after the other; null where some take others. */
function columnsOf([first = [], ...others]: readonly CategoryPath[]): readonly number[] | null {
  const isAlike = (path: CategoryPath) =>
    path.length === first.length && path.every(({ column }, at) => column === first[at]?.column);
  return first.length > 0 && others.every(isAlike) ? first.map(({ column }) => column) : null;
}

/** What entries stand beneath, each way once; nothing where none does. */
function encodeAbove(keys: readonly Key[]): readonly Json[] {
  if (keys.every(({ above }) => above === undefined)) return [];
  const table = new Map<string, number>();
  const numbers = keys.map(({ above = [] }) => {
    const way = JSON.stringify(encodeWay(above));
    const number = table.get(way) ?? table.size;
    table.set(way, number);
    return number;
  });
  return [[...table.keys()].map((way): Json => JSON.parse(way)), numbers];
}

/** Of each entry. @throws ViewError INDEX_DAMAGED */
function aboveIn([table, numbers]: readonly unknown[]): readonly (readonly Standing[])[] {
  if (table === undefined) return [];
  const ways = listIn(table).map(wayIn);
  return listIn(numbers).map((number) => ways[numberIn(number)] ?? []);
}

/** With its members as an entry has them that was just made: what compares entries meets few shapes of objects. */
function entryOf({ path, sort, id, values }: Entry, above: readonly Standing[] = []): Entry {
  return above.length === 0 ? { path, sort, id, values } : { path, sort, id, values, above };
}

/** Ids and what sorts them, in turn. */
export function encodeWay(above: readonly Standing[]): Json {
  return above.flatMap(({ id, sort }): readonly Json[] => [id, sort.map(encodeValue)]);
}

/** @throws ViewError INDEX_DAMAGED */
export function wayIn(json: unknown): readonly Standing[] {
  const said = listIn(json);
  const way: Standing[] = [];
  for (let at = 0; at < said.length; at += 2) way.push({ id: textIn(said[at]), sort: valuesIn(said[at + 1]) });
  return way;
}

function encodeSort(keys: readonly Key[], at: number): Json {
  return encodeColumn(keys.map(({ sort }) => sort[at]));
}

/** What stands in a category's column, its path mostly says. */
function encodeShown(entries: readonly Entry[], column: number): Json {
  return entries.every(({ path, values }) => Object.is(onlyStep(path, column)?.value, values[column]))
    ? AS_ELSEWHERE
    : encodeColumn(entries.map(({ values }) => values[column]));
}

/** @throws ViewError INDEX_DAMAGED */
function shownIn(json: unknown, paths: readonly CategoryPath[], column: number): readonly (Value | undefined)[] {
  return json === AS_ELSEWHERE ? paths.map((path) => onlyStep(path, column)?.value) : columnIn(json, paths.length);
}

/** Undefined where a path has no step of a column, or several. */
function onlyStep(path: CategoryPath, column: number): Step | undefined {
  let only: Step | undefined;
  for (const step of path) {
    if (step.column !== column) continue;
    if (only !== undefined) return undefined;
    only = step;
  }
  return only;
}

/** Of each entry. @param length how many there are @throws ViewError INDEX_DAMAGED */
export function pathsIn(json: unknown, length: number): readonly CategoryPath[] {
  const [how, said, of] = listIn(json);
  if (how === SAID.bySteps) {
    const steps = listIn(said).map((column, at) => ({
      column: numberIn(column),
      values: columnIn(listIn(of)[at], length),
    }));
    return Array.from({ length }, (_, at) => steps.map(({ column, values }) => ({ column, value: values[at] })));
  }
  const paths = listIn(said).map(pathIn);
  return listIn(of).map((number) => pathAt(paths, numberIn(number)));
}

/** @throws ViewError INDEX_DAMAGED */
export function pathAt(paths: readonly CategoryPath[], at: number): CategoryPath {
  const path = paths[at];
  if (path === undefined) throw damaged("an entry stands nowhere");
  return path;
}

/** What columns have of one entry. */
function rowAt(columns: readonly (readonly Value[] | undefined)[], at: number): readonly Value[] {
  return columns.map((column) => column?.[at] ?? null);
}

/** Columns and values, in turn. */
export function encodePath(path: CategoryPath): Json {
  return path.flatMap(({ column, value }) => [column, encodeValue(value)]);
}

/** @throws ViewError INDEX_DAMAGED */
export function pathIn(json: unknown): CategoryPath {
  const said = listIn(json);
  const steps: Step[] = [];
  for (let at = 0; at < said.length; at += 2)
    steps.push({ column: numberIn(said[at]), value: decodeValue(said[at + 1]) });
  return steps;
}

/** @throws ViewError INDEX_DAMAGED */
export function valuesIn(json: unknown): readonly Value[] {
  return listIn(json).map((one) => decodeValue(one));
}

function totalIn(json: unknown): Total {
  const [count, extreme, ...sum] = listIn(json);
  return { count: numberIn(count), extreme: decodeValue(extreme), sum: sum.map(numberIn) };
}
