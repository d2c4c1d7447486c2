import { changeLimits } from "./change-limits.ts";
import { isCounter, isFixedText } from "./values.ts";

/** A document as plain data: what a projection holds and a view reads. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/**
 * A copy of a document's data without anything of Automerge. Never throws: a counter becomes its number, a BigInt the nearest number
 * (a counter's sum can be one), an invalid date and anything unknown null.
 */
export function toPlain(value: unknown): Plain {
  return convert(value, 0);
}

function convert(value: unknown, depth: number): Plain {
  switch (typeof value) {
    case "boolean":
    case "string":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return Number(value);
    case "object":
      return value === null || depth > changeLimits.depth + 1 ? null : convertObject(value, depth);
    default:
      return null;
  }
}

function convertObject(value: object, depth: number): Plain {
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : new Date(value);
  if (isCounter(value)) return convert(Reflect.get(value, "value"), depth);
  if (isFixedText(value)) return String(value);
  if (Array.isArray(value)) return value.map((item: unknown) => convert(item, depth + 1));
  const plain: Record<string, Plain> = {};
  for (const [key, item] of Object.entries(value)) if (key !== "__proto__") plain[key] = convert(item, depth + 1);
  return plain;
}
