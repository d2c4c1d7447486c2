import { CoreError } from "./errors.ts";

/** Why what is written stays in the journal, unsealed, until that has passed. */
export type HoldCode = "DIRECTORY_STALE" | "UPDATE_NEEDED";

const MESSAGES: Record<HoldCode, string> = {
  DIRECTORY_STALE: "what was written here waits until the tenant's directory is up to date",
  UPDATE_NEEDED: "what was written here waits until this software is updated",
};

/** @throws CoreError DIRECTORY_STALE | UPDATE_NEEDED */
export function requireFree(code: HoldCode | null): void {
  if (code !== null) throw new CoreError(code, MESSAGES[code]);
}

export function isHold(error: unknown): error is CoreError {
  return error instanceof CoreError && (error.code === "DIRECTORY_STALE" || error.code === "UPDATE_NEEDED");
}
