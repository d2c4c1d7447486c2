import { sortedEntries } from "./order.ts";
import { kind, kindOf, type Value, valueIn } from "./value.ts";
import { encodeValue, type Json } from "./value-codec.ts";

/** A text that is the same for values that are equal in the order of all values, and for no others. */
export function sameText(value: Value): string {
  return JSON.stringify(sameJson(value));
}

function sameJson(value: Value): Json {
  switch (kindOf(value)) {
    case kind.number:
      return { n: sameNumber(value as number | bigint) };
    case kind.list:
      return (value as readonly unknown[]).map((member) => sameJson(valueIn(member)));
    case kind.object:
      return { o: sortedEntries(value as object).map(([key, member]) => [key, sameJson(valueIn(member))]) };
    default:
      return encodeValue(value);
  }
}

/** 0 and -0 are one number, and so are a number and a bigint of one value. */
function sameNumber(value: number | bigint): string {
  return String(typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value);
}
