import { CoreError } from "../errors.ts";

/** Why a change is refused. A verdict of the gate names one; every replica names the same one for the same change. */
export type ChangeRefusalCode =
  | "CHANGE_ACTOR_FORGED"
  | "CHANGE_BAD_MARK"
  | "CHANGE_BAD_OP"
  | "CHANGE_BAD_REFERENCE"
  | "CHANGE_BAD_VALUE"
  | "CHANGE_CHECKSUM"
  | "CHANGE_COMPRESSED"
  | "CHANGE_EQUIVOCATION"
  | "CHANGE_FORBIDDEN_KEY"
  | "CHANGE_MALFORMED"
  | "CHANGE_NOT_CANONICAL"
  | "CHANGE_SEQ"
  | "CHANGE_START_OP"
  | "CHANGE_TOO_DEEP"
  | "CHANGE_TOO_LARGE"
  | "CHANGE_UNAPPLIABLE";

/** A change, or an encoding of changes, that no replica may apply; switch on `code`. */
export class ChangeError extends Error {
  override readonly name = "ChangeError";
  readonly code: ChangeRefusalCode;

  constructor(code: ChangeRefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What `run` gives, or the code of the ChangeError it throws; other errors pass through. */
export function refusalOf<T>(run: () => T): T | ChangeRefusalCode {
  try {
    return run();
  } catch (error) {
    if (error instanceof ChangeError) return error.code;
    throw error;
  }
}

/** What an app is told that asks for a larger change than there may be. */
export function tooLarge(cause?: unknown): CoreError {
  return new CoreError("CHANGE_TOO_LARGE", "the change is larger than others take: change less at once", { cause });
}

/** What `make` gives, a change of this device. @throws CoreError CHANGE_TOO_LARGE */
export function madeHere<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof ChangeError && error.code === "CHANGE_TOO_LARGE" ? tooLarge(error) : error;
  }
}
