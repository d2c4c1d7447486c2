import { SyncError, type SyncErrorCode } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";

const FINAL: ReadonlySet<SyncErrorCode> = new Set<SyncErrorCode>([
  "BAD_OPTIONS",
  "BAD_URL",
  "INSECURE_URL",
  "NOT_ADMITTED",
  "ORIGIN_MISMATCH",
  "PROOF_MISSING",
  "REFUSED_BY_PEER",
  "TENANT_MISMATCH",
  "VERSION_UNSUPPORTED",
]);

/**
 * Reasons of a refusal that do not last: an old frame was played again, or one was changed; or the relay has another key for this user's
 * slot than this device, which will find it in the directory.
 */
const PASSING: ReadonlySet<string | null> = new Set([
  "DIRECTORY_ONLY",
  "PROOF_INVALID",
  "UNEXPECTED_MESSAGE",
  "FRAME_MISPLACED",
]);

/** Whether dialling again would end the same way. */
export function isFinal(error: unknown): boolean {
  if (error instanceof CoreError) return error.code === "DEVICE_REVOKED";
  if (!(error instanceof SyncError) || !FINAL.has(error.code)) return false;
  return error.code !== "REFUSED_BY_PEER" || !PASSING.has(error.reason);
}
