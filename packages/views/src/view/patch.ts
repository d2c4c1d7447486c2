import { ViewError } from "../errors.ts";
import type { Row } from "./row.ts";

/**
 * What changes of a view's rows, one after the other: `after` is the key of the row that comes before, null for the first. A row that moves
 * may have another key afterwards. `reset`: these are the rows now, at the beginning and when much has changed at once.
 */
export type ViewPatch =
  | { readonly type: "reset"; readonly rows: readonly Row[] }
  | { readonly type: "insert"; readonly row: Row; readonly after: string | null }
  | { readonly type: "move"; readonly key: string; readonly row: Row; readonly after: string | null }
  | { readonly type: "update"; readonly row: Row }
  | { readonly type: "remove"; readonly key: string };

/**
 * Rows once patches are applied to them; the rows that were given stay as they were. For lists of a screen: each patch looks through all rows.
 * @throws ViewError KEY_INVALID for patches of other rows
 */
export function applyPatches(rows: readonly Row[], patches: readonly ViewPatch[]): readonly Row[] {
  return patches.reduce(applied, rows);
}

function applied(rows: readonly Row[], patch: ViewPatch): readonly Row[] {
  switch (patch.type) {
    case "reset":
      return patch.rows;
    case "update":
      return rows.with(positionOf(rows, patch.row.key), patch.row);
    case "remove":
      return without(rows, patch.key);
    case "move":
      return inserted(without(rows, patch.key), patch.row, patch.after);
    case "insert":
      return inserted(rows, patch.row, patch.after);
  }
}

function inserted(rows: readonly Row[], row: Row, after: string | null): readonly Row[] {
  return rows.toSpliced(after === null ? 0 : positionOf(rows, after) + 1, 0, row);
}

function without(rows: readonly Row[], gone: string): readonly Row[] {
  return rows.toSpliced(positionOf(rows, gone), 1);
}

function positionOf(rows: readonly Row[], key: string): number {
  const at = rows.findIndex((row) => row.key === key);
  if (at < 0) throw new ViewError("KEY_INVALID", "a patch is of other rows");
  return at;
}
