/** A start that failed for a reason the operator can act on: the message is one line for standard error, the exit code is 1. */
export class StartFailure extends Error {
  readonly code = "START_FAILED";

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StartFailure";
  }
}
