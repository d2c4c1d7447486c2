// The JSON of docs/spec/vectors/{change,directory,part}: byte strings are lower-case hexadecimal, maps are lists of pairs. A case with `code`
// must be refused with that code, every other one must give what it lists.
import { toHex } from "@selkie/entry";

/** One file of vectors. */
export interface VectorFile {
  readonly comment: string;
  readonly cases: readonly VectorCase[];
}

/** One case; what else it has depends on the file. */
export interface VectorCase {
  readonly comment: string;
  readonly code?: string;
  readonly [field: string]: Json | undefined;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [field: string]: Json };

/** Any value of the formats as JSON. */
export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (value instanceof Map) return [...value].map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([field, item]) => [field, toJson(item)]));
  }
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  throw new TypeError("a value that JSON cannot hold");
}

export const vectorFile = (comment: string, cases: readonly VectorCase[]): VectorFile => ({ comment, cases });
