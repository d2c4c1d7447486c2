// Every error of this package. Messages name lengths and parameters, never key bytes or plaintext.
/** Codes of {@link CryptoError}; `docs/errors.md` says what to do about each. */
export type CryptoErrorCode =
  | "BAD_LENGTH"
  | "BAD_NONCE"
  | "BAD_PUBLIC_KEY"
  | "FOREIGN_KEY"
  | "KDF_PARAMETERS"
  | "KEY_DISPOSED"
  | "RANDOM_SOURCE";

/** Thrown for programmer errors and refused parameters; a ciphertext that does not open is a `null`, never an error. */
export class CryptoError extends Error {
  override readonly name: string = "CryptoError";
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** @throws CryptoError `BAD_LENGTH` unless there are exactly `length` bytes. */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) {
    throw new CryptoError("BAD_LENGTH", `${what} must be ${length} bytes`);
  }
}
