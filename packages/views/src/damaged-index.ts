import { ViewError } from "./errors.ts";

/** What is kept of an index is not what was written: it is made again. */
export function damaged(what: string): ViewError {
  return new ViewError("INDEX_DAMAGED", what);
}

export function isDamaged(error: unknown): boolean {
  return error instanceof ViewError && error.code === "INDEX_DAMAGED";
}
