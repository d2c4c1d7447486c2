// Values as the vectors show them.
import { toHex } from "@selkie/entry";
import type { Json } from "./format.ts";

/** Bytes as hexadecimal, vectors as lists of heads, everything else as it is. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) {
    return [...value].map(([writer, head]) => ({ writer: String(writer), seq: head.seq, id: toHex(head.id) }));
  }
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item)]));
  }
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  throw new TypeError(`a vector cannot show ${typeof value}`);
}
