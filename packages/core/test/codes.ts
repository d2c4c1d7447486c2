import { CoreError, type CoreErrorCode } from "../src/errors.ts";

/** The code of the CoreError that `run` throws, or null. Any other error is not caught: it fails the test. */
export function codeOf(run: () => unknown): CoreErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
}

/** The same for a promise. */
export async function codeOfAsync(run: () => Promise<unknown>): Promise<CoreErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
}
