/** Every way in which attachments refuse to go on. Codes are API: `docs/errors.md` says what the user should do about each. */
export type AttachmentErrorCode =
  | "ATTACHMENT_DAMAGED"
  | "ATTACHMENT_INVALID"
  | "ATTACHMENT_LOCKED"
  | "ATTACHMENT_NOT_FOUND"
  | "ATTACHMENT_TOO_LARGE"
  | "ATTACHMENT_UNREACHABLE"
  | "RANGE_INVALID"
  | "SOURCE_CHANGED"
  | "SOURCE_FAILED"
  | "SWEEP_INCOMPLETE";

/** An error of `@selkie/attachments`; switch on `code`, never on the message. */
export class AttachmentError extends Error {
  override readonly name = "AttachmentError";
  readonly code: AttachmentErrorCode;

  constructor(code: AttachmentErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
