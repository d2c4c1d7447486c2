/** Every code a {@link SyncError} can carry. Codes are API: `docs/errors.md` says when each occurs and what to do. */
export const SYNC_ERROR_CODES = [
  // transports
  "BAD_URL",
  "INSECURE_URL",
  "DIAL_FAILED",
  "COMPRESSED_TRANSPORT",
  "TRANSPORT_CLOSED",
  "TRANSPORT_OVERFLOW",
  "FRAME_TOO_LARGE",
  // handshake
  "VERSION_UNSUPPORTED",
  "HANDSHAKE_TIMEOUT",
  "PROOF_MISSING",
  "PROOF_INVALID",
  "ORIGIN_MISMATCH",
  "TENANT_MISMATCH",
  "NOT_ADMITTED",
  "REFUSED_BY_PEER",
  // messages
  "BAD_MESSAGE",
  "UNEXPECTED_MESSAGE",
  "FRAME_MISPLACED",
  "CREDIT_EXCEEDED",
  "LIMIT_EXCEEDED",
  "NOT_PERMITTED",
  "TOO_MUCH_JUNK",
  "PART_OTHER",
  "PEER_SILENT",
  "PEER_FAILED",
  "PEER_LEAVING",
  // this side
  "SESSION_CLOSED",
  "UNKNOWN_DATABASE",
  "DATABASE_CLOSED",
  "REPLICA_FAILED",
  "CREDENTIALS_FAILED",
  "BAD_OPTIONS",
  // access documents
  "BAD_DOCUMENT",
] as const;

/** What went wrong; see `docs/errors.md`. */
export type SyncErrorCode = (typeof SYNC_ERROR_CODES)[number];

/** What a {@link SyncError} may carry beside its code. */
export interface SyncErrorOptions {
  readonly cause?: unknown;
  /** The code the peer gave, for `REFUSED_BY_PEER`, `PEER_FAILED` and `NOT_ADMITTED`: at most 64 of `A-Z0-9_`. */
  readonly reason?: string;
}

/** The only error this package throws. Its message never contains content, keys or names. */
export class SyncError extends Error {
  override readonly name = "SyncError";
  /** Stable, machine-readable reason. */
  readonly code: SyncErrorCode;
  /** The reason given by the side that refused, or null. */
  readonly reason: string | null;

  constructor(code: SyncErrorCode, message: string, options: SyncErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reason = options.reason ?? null;
  }
}
