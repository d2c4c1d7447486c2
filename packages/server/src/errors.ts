/** What went wrong while starting or stopping a relay. The codes are API; docs/errors.md says what to do about each. */
export type RelayErrorCode =
  | "PORT_IN_USE"
  | "ADDRESS_UNAVAILABLE"
  | "PORT_FORBIDDEN"
  | "LISTEN_FAILED"
  | "BAD_LIMIT"
  | "BAD_ORIGIN"
  | "RELAY_STOPPED";

/** What a relay answers to a client. All refusals of a login are one code: which of its reasons it was is for nobody to learn. */
export type RelayRefusalCode =
  | "LOGIN_REFUSED"
  | "LOGIN_ENDED"
  | "DIRECTORY_ONLY"
  | "NOT_PERMITTED"
  | "QUOTA_EXCEEDED"
  | "RELAY_FULL"
  | "RELAY_STOPPING"
  | "TOO_MANY_CHAINS";

/** The one error class of this package: switch on {@link RelayError.code}, never on the message. */
export class RelayError extends Error {
  readonly code: RelayErrorCode;

  constructor(code: RelayErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "RelayError";
    this.code = code;
  }
}
