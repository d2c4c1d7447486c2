import { toHex, type VerifiedEntry } from "@selkie/entry";
import type { Alarm } from "./tenant.ts";

/** What is announced of an entry of which parts are missing. */
export function missingPart({ id, header: { database, writer, seq } }: VerifiedEntry): Alarm {
  return { code: "PART_MISSING", database: toHex(database), writer: toHex(writer), seq, entryId: toHex(id) };
}
