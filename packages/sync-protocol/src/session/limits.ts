// What a session allows unless it is told otherwise.
import { SyncError } from "../sync-error.ts";
import type { SessionLimits } from "./session.ts";

const MIB = 1_048_576;

/** The limits of a session that names none. */
export const DEFAULT_LIMITS: SessionLimits = {
  windowBytes: 4 * MIB,
  databases: 1_024,
  // Small enough that a line of 5 KB/s brings a whole frame before the other side takes the silence for the end.
  sliceBytes: MIB / 8,
  leftOutBytes: 64 * MIB,
  handshakeMs: 10_000,
  silenceMs: 30_000,
  junkRuns: 32,
};

/** The limits to use. @throws SyncError `BAD_OPTIONS` when one of them cannot be */
export function completeLimits(limits: Partial<SessionLimits> = {}): SessionLimits {
  const complete = { ...DEFAULT_LIMITS, ...limits };
  for (const [name, value] of Object.entries(complete)) {
    if (!Number.isSafeInteger(value) || value < 0 || value > 0xffff_ffff) {
      throw new SyncError("BAD_OPTIONS", `limit ${name} is not a whole number of 32 bits`);
    }
  }
  const { windowBytes, sliceBytes, leftOutBytes } = complete;
  if (windowBytes === 0 || leftOutBytes === 0 || sliceBytes === 0 || sliceBytes > MIB) {
    throw new SyncError("BAD_OPTIONS", "a window, slice or pace of nothing, or a slice above 1 MiB");
  }
  return complete;
}
