import type { TreeCodec } from "../tree/page-codec.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import type { Value } from "../value/value.ts";
import { decodeValue, encodeValue, type Json } from "../value/value-codec.ts";
import type { CategoryPath, Entry, Step } from "./entry.ts";
import type { Place } from "./place.ts";
import type { Total, Totals } from "./total.ts";

const totals: TreeCodec<Entry, Totals>["summary"] = {
  encode: (all) => all.map(({ count, sum, extreme }) => [count, encodeValue(extreme), ...sum]),
  decode: (json) => listIn(json).map(totalIn),
};

/** Of a view's entries. */
export const entryCodec: TreeCodec<Entry, Totals> = {
  entry: {
    encode: ({ id, path, sort, values }) => [id, encodePath(path), sort.map(encodeValue), values.map(encodeValue)],
    decode: (json) => {
      const [id, path, sort, values] = listIn(json);
      return { id: textIn(id), path: pathIn(path), sort: valuesIn(sort), values: valuesIn(values) };
    },
  },
  summary: totals,
};

/** Of where documents stand. */
export const placeCodec: TreeCodec<Place, Totals> = {
  entry: {
    encode: ({ id, values, keys }) => [
      id,
      values.map(encodeValue),
      ...keys.map(({ path, sort }) => [encodePath(path), sort.map(encodeValue)]),
    ],
    decode: (json) => {
      const [said, values, ...keys] = listIn(json);
      const id = textIn(said);
      return { id, values: valuesIn(values), keys: keys.map((key) => keyIn(id, key)) };
    },
  },
  summary: totals,
};

function keyIn(id: string, json: unknown): Entry {
  const [path, sort] = listIn(json);
  return { id, path: pathIn(path), sort: valuesIn(sort), values: [] };
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
