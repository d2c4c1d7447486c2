/** Everything the HTTP door of a relay refuses with; docs/errors.md says what to do about each. */
export const HTTP_REFUSALS = {
  BAD_REQUEST: 400,
  BLOB_MISMATCH: 400,
  NO_TICKET: 401,
  NO_RIGHT: 403,
  NOT_FOUND: 404,
  LENGTH_REQUIRED: 411,
  BLOB_TOO_LARGE: 413,
  BAD_RANGE: 416,
  TOO_MANY_TRANSFERS: 429,
  FAILED: 500,
  RELAY_BUSY: 503,
  QUOTA: 507,
  RELAY_FULL: 507,
} as const;

/** A name of {@link HTTP_REFUSALS}. */
export type HttpRefusalCode = keyof typeof HTTP_REFUSALS;

/** A request that is refused: the answer is the status of the code, and `{ "error": code }`. */
export class HttpRefusal extends Error {
  override readonly name = "HttpRefusal";
  readonly code: HttpRefusalCode;
  /** Headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpRefusalCode, headers: Readonly<Record<string, string>> = {}) {
    super("the request is refused");
    this.code = code;
    this.headers = headers;
  }
}
