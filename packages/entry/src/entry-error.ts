/** Every code an {@link EntryError} can carry. Codes are API: `docs/errors.md` says when each is thrown. */
export const ENTRY_ERROR_CODES = [
  "BAD_BASE64URL",
  "BAD_HEX",
  "BAD_LENGTH",
  "TRUNCATED",
  "TRAILING_BYTES",
  "NOT_MINIMAL",
  "NOT_ASCENDING",
  "TOO_LARGE",
  "UNSUPPORTED_VERSION",
  "UNSUPPORTED_SUITE",
  "BAD_TYPE",
  "BAD_FLAGS",
  "BAD_POSITION",
  "BAD_PART",
  "BAD_RUN",
  "UNKNOWN_WRITER",
  "SIGNATURE_INVALID",
  "NOT_IDENTIFIED",
  "DECODER_FAILED",
] as const;

/** What went wrong; see `docs/errors.md`. */
export type EntryErrorCode = (typeof ENTRY_ERROR_CODES)[number];

/** The only error this package throws. Its message never contains content, keys or names. */
export class EntryError extends Error {
  override readonly name = "EntryError";
  /** Stable, machine-readable reason. */
  readonly code: EntryErrorCode;

  constructor(code: EntryErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
