// Dropping an index before it is made anew, also one that cannot be walked any more.
import type { Connection } from "./connection.ts";
import type { INDEXES } from "./schema.ts";
import { asStoreError, hasCode } from "./store-errors.ts";

/** Finds out, outside of a transaction, how to drop the index; the step that does it in one. */
export function planDrop(db: Connection, name: keyof typeof INDEXES): () => void {
  // Tried in vain first: an error within the transaction of the repair would spoil all of it.
  db.exec("BEGIN IMMEDIATE");
  try {
    db.exec(`DROP INDEX ${name}`);
    return () => db.exec(`DROP INDEX ${name}`);
  } catch (error) {
    if (!hasCode(asStoreError(error), "STORE_CORRUPT")) throw error;
    return () => forgetIndex(db, name);
  } finally {
    db.exec("ROLLBACK");
  }
}

/** Takes the index out of the schema and leaves its pages where they are: freeing them would mean to read them. */
function forgetIndex(db: Connection, name: keyof typeof INDEXES): void {
  db.unsafeMode(true);
  try {
    db.pragma("writable_schema = ON");
    db.prepare("DELETE FROM sqlite_schema WHERE type = 'index' AND name = ?").run(name);
    db.pragma("writable_schema = RESET");
  } finally {
    db.unsafeMode(false);
  }
}
