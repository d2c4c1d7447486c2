import { listIn, textIn } from "./read-json.ts";
import type { Json } from "./value-codec.ts";

/** Ids of documents, with what all of them end with said once: those of one database end with the id of its key. */
export function encodeIds(ids: readonly string[]): Json {
  let end = ids[0] ?? "";
  for (const id of ids) while (!id.endsWith(end)) end = end.slice(1);
  return [end, ids.map((id) => id.slice(0, id.length - end.length))];
}

/** @throws ViewError INDEX_DAMAGED */
export function idsIn(json: unknown): readonly string[] {
  const [said, stems] = listIn(json);
  const end = textIn(said);
  return listIn(stems).map((stem) => textIn(stem) + end);
}
