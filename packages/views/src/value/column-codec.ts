import { damaged } from "../damaged-index.ts";
import { listIn } from "./read-json.ts";
import type { Value } from "./value.ts";
import { decodeValue, encodeList, encodeValue, type Json } from "./value-codec.ts";

/** How a column is said: by one value that all are, part by part of lists that are equally long, or by each value. */
const SAID = { once: 0, byPart: 1, each: 2 } as const;

/** Of longer lists each is said. */
const MOST_PARTS = 16;

/** Values that stand one below the other on a page, where they are much alike. */
export function encodeColumn(values: readonly Value[]): Json {
  const parts = partsOf(values);
  return parts === null ? encodeEach(values) : [SAID.byPart, parts.map(encodeEach)];
}

/** @param length how many there are @throws ViewError INDEX_DAMAGED */
export function columnIn(json: unknown, length: number): readonly Value[] {
  const [how, said] = listIn(json);
  if (how !== SAID.byPart) return eachIn(json, length);
  const parts = listIn(said).map((part) => eachIn(part, length));
  return Array.from({ length }, (_, at) => parts.map((part) => part[at]));
}

/** What stands first in each list, what stands second, and so on; null where they are not all lists of one length. */
function partsOf(values: readonly Value[]): readonly (readonly Value[])[] | null {
  const [first] = values;
  if (!Array.isArray(first) || first.length === 0 || first.length > MOST_PARTS) return null;
  const parts = first.map((): Value[] => []);
  for (const value of values) {
    if (!Array.isArray(value) || value.length !== parts.length) return null;
    for (let at = 0; at < parts.length; at++) parts[at]?.push(value[at]);
  }
  return parts;
}

function encodeEach(values: readonly Value[]): Json {
  const [first] = values;
  const isOne = values.length > 0 && !isObject(first) && values.every((value) => Object.is(value, first));
  return isOne ? [SAID.once, encodeValue(first)] : [SAID.each, encodeList(values)];
}

/** @throws ViewError INDEX_DAMAGED */
function eachIn(json: unknown, length: number): readonly Value[] {
  const [how, said] = listIn(json);
  if (how === SAID.once) return new Array<Value>(length).fill(decodeValue(said));
  if (how !== SAID.each) throw damaged("no column");
  const each = listIn(said).map((one) => decodeValue(one));
  if (each.length !== length) throw damaged("columns of different lengths");
  return each;
}

const isObject = (value: Value): boolean => typeof value === "object" && value !== null;
