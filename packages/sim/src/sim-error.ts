/** Why a simulation stopped. */
export type SimErrorCode = "CRASHED" | "HANG" | "TIMEOUT" | "UNSTABLE";

/** A simulation that can't go on. */
export class SimError extends Error {
  override readonly name = "SimError";
  readonly code: SimErrorCode;

  constructor(code: SimErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
