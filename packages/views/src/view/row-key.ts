import { isDamaged } from "../damaged-index.ts";
import { ViewError } from "../errors.ts";
import { listIn, numberIn, textIn } from "../value/read-json.ts";
import { encodeValue } from "../value/value-codec.ts";
import type { CategoryPath } from "./entry.ts";
import type { Located } from "./merged-index.ts";
import { encodePath, encodeWay, pathIn, valuesIn, wayIn } from "./view-codec.ts";

/** What a key names. */
export type Keyed =
  | { readonly type: "category"; readonly path: CategoryPath }
  | { readonly type: "document"; readonly located: Located }
  | { readonly type: "total" };

const KEY_OF_TOTAL = "total";

/** A key says where its row stands, so that it is good when the row has gone. */
export function keyOf(keyed: Keyed): string {
  if (keyed.type === "total") return KEY_OF_TOTAL;
  if (keyed.type === "category") return JSON.stringify([encodePath(keyed.path)]);
  const { entry, source } = keyed.located;
  const { path, id, sort, above } = entry;
  const own = [encodePath(path), source, id, sort.map(encodeValue)];
  return JSON.stringify(above === undefined ? own : [...own, encodeWay(above)]);
}

/** @throws ViewError KEY_INVALID */
export function readKey(key: string): Keyed {
  if (key === KEY_OF_TOTAL) return { type: "total" };
  try {
    return keyedIn(listIn(JSON.parse(key)));
  } catch (error) {
    if (!isDamaged(error) && !(error instanceof SyntaxError)) throw error;
    throw new ViewError("KEY_INVALID", "nothing has this key");
  }
}

/** @throws ViewError INDEX_DAMAGED */
function keyedIn(said: readonly unknown[]): Keyed {
  const [steps, source, id, sort, way] = said;
  const path = pathIn(steps);
  if (said.length === 1) return { type: "category", path };
  const entry = { path, id: textIn(id), sort: valuesIn(sort), values: [] };
  const located = way === undefined ? entry : { ...entry, above: wayIn(way) };
  return { type: "document", located: { source: numberIn(source), entry: located } };
}
