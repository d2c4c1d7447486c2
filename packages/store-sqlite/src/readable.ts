// Reading what may be broken, where there is a second copy.
import { asStoreError, hasCode } from "./store-errors.ts";

/** What can be read; nothing where reading meets a broken page. */
export function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read();
  } catch (error) {
    // The other copy has to do, and says so if it cannot.
    if (hasCode(asStoreError(error), "STORE_CORRUPT")) return [];
    throw error;
  }
}
