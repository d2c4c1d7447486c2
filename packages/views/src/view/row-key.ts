import { ViewError } from "../errors.ts";
import { decodeValue, encodeValue, type Json } from "../value/value-codec.ts";
import type { CategoryPath, Step } from "./entry.ts";
import type { Located } from "./merged-index.ts";

/** What a key names. */
export type Keyed =
  | { readonly type: "category"; readonly path: CategoryPath }
  | { readonly type: "document"; readonly located: Located }
  | { readonly type: "total" };

const KEY_OF_TOTAL = "total";

/** A key says where its row stands, so that it is good when the row has gone. @param keyed a document's entry with nothing but what orders it */
export function keyOf(keyed: Keyed): string {
  if (keyed.type === "total") return KEY_OF_TOTAL;
  if (keyed.type === "category") return JSON.stringify([encodePath(keyed.path)]);
  const { entry, source } = keyed.located;
  return JSON.stringify([encodePath(entry.path), source, entry.id, entry.values.map(encodeValue)]);
}

/** @throws ViewError KEY_INVALID */
export function readKey(key: string): Keyed {
  if (key === KEY_OF_TOTAL) return { type: "total" };
  const keyed = parsed(key);
  if (keyed === null) throw new ViewError("KEY_INVALID", "no row of a view has this key");
  return keyed;
}

function parsed(key: string): Keyed | null {
  const json = jsonIn(key);
  if (!Array.isArray(json)) return null;
  const [steps, source, id, values]: unknown[] = json;
  const path = decodePath(steps);
  if (path === null) return null;
  if (json.length === 1) return { type: "category", path };
  if (typeof source !== "number" || typeof id !== "string" || !Array.isArray(values)) return null;
  return { type: "document", located: { source, entry: { path, id, values: values.map(decodeValue) } } };
}

function encodePath(path: CategoryPath): Json {
  return path.map(({ column, value }) => [column, encodeValue(value)]);
}

function decodePath(json: unknown): CategoryPath | null {
  if (!Array.isArray(json)) return null;
  const path: Step[] = [];
  for (const step of json) {
    if (!Array.isArray(step) || typeof step[0] !== "number") return null;
    path.push({ column: step[0], value: decodeValue(step[1]) });
  }
  return path;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
