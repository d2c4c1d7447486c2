/** Why the client refuses. `docs/errors.md` says what to do about each. */
export type ClientErrorCode =
  | "CLIENT_CLOSED"
  | "KEYBAG_MISSING"
  | "KEYBAG_UNREADABLE"
  | "KEYBAG_UNWRITABLE"
  | "TENANT_UNKNOWN"
  | "TENANT_NAME_TAKEN"
  | "STORE_UNSUPPORTED";

/** An error of `@selkie/client`; switch on `code`, never on the message. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
