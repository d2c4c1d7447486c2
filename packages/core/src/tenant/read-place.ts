import type { VerifiedEntry } from "@selkie/entry";
import { type EntryStore, readEntry, StoreError } from "@selkie/store";
import type { Place } from "./parked-places.ts";

export type ReadPlace = (place: Place) => Promise<VerifiedEntry | null>;

/** What is damaged on the disk is missing until it comes again; it keeps nobody from reading the rest. */
export function placeReader(entries: Pick<EntryStore, "read">, report: (error: unknown) => void): ReadPlace {
  return async ({ writer, seq }) => {
    try {
      return await readEntry(entries, writer, seq);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      report(error);
      return null;
    }
  };
}
