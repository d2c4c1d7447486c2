import { isDamaged } from "../damaged-index.ts";
import { listIn, textIn } from "../value/read-json.ts";

/** How far what is kept of an index has come. */
export interface KeptMark {
  /** In the database's changes. */
  readonly cursor: string;
  /** Documents that are left out, as they could not be computed. */
  readonly failed: readonly string[];
}

export function encodeMark({ cursor, failed }: KeptMark): string {
  return JSON.stringify([cursor, ...failed]);
}

/** Null for what was not written so. */
export function decodeMark(mark: string): KeptMark | null {
  try {
    const [cursor, ...failed] = listIn(JSON.parse(mark)).map(textIn);
    return cursor === undefined ? null : { cursor, failed };
  } catch (error) {
    if (isDamaged(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}
