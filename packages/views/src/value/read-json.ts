import { damaged } from "../damaged-index.ts";

/** @throws ViewError INDEX_DAMAGED */
export function listIn(json: unknown): readonly unknown[] {
  if (!Array.isArray(json)) throw damaged("no list");
  return json;
}

/** @throws ViewError INDEX_DAMAGED */
export function numberIn(json: unknown): number {
  if (typeof json !== "number") throw damaged("no number");
  return json;
}

/** @throws ViewError INDEX_DAMAGED */
export function textIn(json: unknown): string {
  if (typeof json !== "string") throw damaged("no text");
  return json;
}
