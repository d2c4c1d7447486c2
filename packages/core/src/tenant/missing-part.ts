import { toHex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { MissingParts } from "../replica/missing-parts.ts";
import type { DuePermits } from "./due-permits.ts";
import type { Alarm } from "./tenant.ts";

/** What is announced of an entry of which parts are missing. */
export function missingPart({ id, header: { database, writer, seq } }: VerifiedEntry): Alarm {
  return { code: "PART_MISSING", database: toHex(database), writer: toHex(writer), seq, entryId: toHex(id) };
}

/** What is missing of the directory. It may be on its way: nothing is announced before it was asked for. */
export function missingOfDirectory(
  entries: EntryStore,
  due: Pick<DuePermits, "lacks">,
  alarm: (alarm: Alarm) => void,
): MissingParts {
  const isMissing: DuePermits["lacks"] = (entry) => due.lacks(entry);
  return new MissingParts({ entries, isMissing, isAlarming: false, alarm: (entry) => alarm(missingPart(entry)) });
}
