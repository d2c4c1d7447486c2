import { damaged } from "../damaged-index.ts";
import { listIn, numberIn, textIn } from "./read-json.ts";
import { kind, kindOf, type Value } from "./value.ts";

/** What JSON says as it is; all else is an object with one letter that says what it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [letter: string]: Json };

/** Lists and objects within one another, at most: documents are 64 deep. */
const DEEPEST = 100;

/** A value as JSON that says exactly that value. */
export function encodeValue(value: Value): Json {
  switch (kindOf(value)) {
    case kind.text:
      return value as string;
    case kind.boolean:
      return value as boolean;
    case kind.number:
      return encodeNumber(value as number | bigint);
    case kind.date:
      return { d: encodeNumber((value as Date).getTime()) };
    case kind.bytes:
      return { b: [...(value as Uint8Array)] };
    case kind.list:
      return encodeList(value as readonly Value[]);
    case kind.object:
      return { o: Object.entries(value as object).map(([key, member]) => [key, encodeValue(member)]) };
    default:
      return null;
  }
}

/** @throws ViewError INDEX_DAMAGED */
export function decodeValue(json: unknown, depth = 0): Value {
  if (depth > DEEPEST) throw damaged("a value too deep");
  if (Array.isArray(json)) return json.map((member) => decodeValue(member, depth + 1));
  if (typeof json !== "object" || json === null) return primitiveIn(json);
  const [[letter, said] = ["", null]]: (readonly [string, unknown])[] = Object.entries(json);
  switch (letter) {
    case "d":
      return new Date(Number(decodeValue(said, DEEPEST)));
    case "b":
      return Uint8Array.from(listIn(said), numberIn);
    case "i":
      return BigInt(matching(said, /^-?\d+$/));
    case "n":
      return Number(matching(said, /^(-?Infinity|NaN|-0)$/));
    case "o":
      return Object.fromEntries(listIn(said).map((entry) => memberIn(listIn(entry), depth + 1)));
    default:
      throw damaged("no value");
  }
}

function memberIn([key, value]: readonly unknown[], depth: number): readonly [string, Value] {
  return [textIn(key), decodeValue(value, depth)];
}

function primitiveIn(json: unknown): Value {
  if (json === undefined) throw damaged("no value");
  return json;
}

function matching(said: unknown, pattern: RegExp): string {
  const text = textIn(said);
  if (!pattern.test(text)) throw damaged("no value");
  return text;
}

/** Values one by one: nearly all are what JSON says as it is. */
export function encodeList(list: readonly Value[]): Json {
  return isPlainList(list) ? list : list.map(encodeValue);
}

function isPlainList(list: readonly Value[]): list is readonly (string | boolean | null | number)[] {
  for (const member of list) {
    if (typeof member === "string" || typeof member === "boolean" || member === null) continue;
    if (typeof member !== "number" || !Number.isFinite(member) || Object.is(member, -0)) return false;
  }
  return true;
}

/** JSON has no NaN, no infinities, no -0 and no bigints. */
function encodeNumber(value: number | bigint): Json {
  if (typeof value === "bigint") return { i: String(value) };
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { n: Object.is(value, -0) ? "-0" : String(value) };
}
