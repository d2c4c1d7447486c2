/** Every code a {@link StoreError} can carry. Codes are API: `docs/errors.md` says when each is thrown and what to do. */
export const STORE_ERROR_CODES = [
  "BAD_KEY",
  "BAD_RANGE",
  "BLOB_MISMATCH",
  "NODE_API_TOO_OLD",
  "NOT_APPENDED",
  "RUN_UNSIGNED",
  "SCHEMA_NEWER",
  "STATE_DAMAGED",
  "STORE_CLOSED",
  "STORE_CORRUPT",
  "STORE_FAILED",
  "STORE_FULL",
  "STORE_LOCKED",
  "STORE_UNWRITABLE",
  "TENANT_FORGOTTEN",
  "WRONG_DATABASE",
] as const;

/** What went wrong; see `docs/errors.md`. */
export type StoreErrorCode = (typeof STORE_ERROR_CODES)[number];

/** The only error a store throws. Its message never contains stored content, keys or names. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** Stable, machine-readable reason. */
  readonly code: StoreErrorCode;
  /** The key of a damaged value (`STATE_DAMAGED`): writing or removing it makes the state readable again. */
  readonly key: Uint8Array | null;

  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown; key?: Uint8Array }) {
    super(message, options);
    this.code = code;
    this.key = options?.key ?? null;
  }
}
