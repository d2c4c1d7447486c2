import { SyncError } from "./sync-error.ts";

/** Ends a switch over a union: a new member does not compile until it is handled. */
export function assertNever(value: never): never {
  throw new SyncError("BAD_OPTIONS", `unhandled case ${String(value)}`);
}
