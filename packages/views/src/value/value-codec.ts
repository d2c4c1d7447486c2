import { kind, kindOf, type Value } from "./value.ts";

/** What JSON says as it is; all else is an object with one letter that says what it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [letter: string]: Json };

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
      return (value as readonly Value[]).map(encodeValue);
    case kind.object:
      return { o: Object.entries(value as object).map(([key, member]) => [key, encodeValue(member)]) };
    default:
      return null;
  }
}

/** Undefined where it is no value. */
export function decodeValue(json: unknown): Value | undefined {
  if (Array.isArray(json)) return json.map(decodeValue);
  if (typeof json !== "object" || json === null) return json;
  const [entry] = Object.entries(json);
  if (entry === undefined) return undefined;
  const [letter, said]: [string, unknown] = entry;
  switch (letter) {
    case "d":
      return new Date(Number(decodeValue(said)));
    case "b":
      return Array.isArray(said) ? Uint8Array.from(said) : undefined;
    case "i":
      return BigInt(String(said));
    case "n":
      return Number(said);
    case "o":
      return Array.isArray(said) ? objectOf(said) : undefined;
    default:
      return undefined;
  }
}

/** JSON has no NaN, no infinities, no -0 and no bigints. */
function encodeNumber(value: number | bigint): Json {
  if (typeof value === "bigint") return { i: String(value) };
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { n: Object.is(value, -0) ? "-0" : String(value) };
}

/** Without a prototype, so that a key is only ever a key. */
function objectOf(entries: readonly unknown[]): object {
  const object: Record<string, Value> = Object.create(null);
  for (const entry of entries) {
    if (Array.isArray(entry) && typeof entry[0] === "string") object[entry[0]] = decodeValue(entry[1]);
  }
  return object;
}
