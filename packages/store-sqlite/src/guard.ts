// Damage that a checksum or an index shows is repaired once, then the work is done again; what remains is reported.
import type { Connection } from "./connection.ts";
import { repair } from "./repair.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** A repair reads everything; damage that comes back is the disk's, and repairing on would not help. */
const MOST_REPAIRS = 4;

/** Runs work on the connection. */
export class Guard {
  readonly #db: Connection;
  #repairs = 0;

  constructor(db: Connection) {
    this.#db = db;
  }

  /**
   * Runs `work`, again after a repair if it meets damage.
   *
   * @throws StoreError `STORE_CORRUPT` when the damage cannot be repaired, and whatever else `work` throws, translated
   */
  run<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const translated = asStoreError(error);
      if (!hasCode(translated, "STORE_CORRUPT") || this.#repairs >= MOST_REPAIRS || this.#db.inTransaction)
        throw translated;
      this.#repairs++;
      return this.#again(work, translated);
    }
  }

  #again<T>(work: () => T, damage: unknown): T {
    try {
      repair(this.#db);
    } catch (error) {
      // The repair failed for the same reason as the work, or for one that hides it: the first is what the caller needs to know.
      throw hasCode(asStoreError(error), "STORE_CORRUPT") ? damage : asStoreError(error);
    }
    try {
      return work();
    } catch (error) {
      throw asStoreError(error);
    }
  }
}
