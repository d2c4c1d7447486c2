/** Codes of {@link KeyBagError}; docs/errors.md says what to do about each. */
export type KeyBagErrorCode =
  | "DAMAGED"
  | "FULL"
  | "IDENTITY_EXISTS_DIFFERENT"
  | "IDENTITY_UNKNOWN"
  | "KDF_PARAMETERS"
  | "KEY_EXISTS_DIFFERENT"
  | "KEY_UNKNOWN"
  | "LOCKED"
  | "NO_PASSWORD_SLOT"
  | "PASSWORD_UNUSABLE"
  | "RECORD_INVALID"
  | "TENANT_UNKNOWN"
  | "UNSUPPORTED_VERSION"
  | "WRONG_PASSWORD";

/** The only error this package throws; its message never holds a secret, a password or a name. */
export class KeyBagError extends Error {
  override readonly name = "KeyBagError";
  readonly code: KeyBagErrorCode;

  constructor(code: KeyBagErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
