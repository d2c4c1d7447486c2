import { EntryError, type EntryErrorCode } from "../src/index.ts";

/** The code of the EntryError that `run` throws, or null. Any other error is not caught: it fails the test. */
export function codeOf(run: () => unknown): EntryErrorCode | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof EntryError) return error.code;
    throw error;
  }
}

/** The same for a promise. */
export async function codeOfAsync(run: () => Promise<unknown>): Promise<EntryErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof EntryError) return error.code;
    throw error;
  }
}
