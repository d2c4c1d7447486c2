import { limits, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";

const ONE_ENTRY = { entries: 1, bytes: limits.runBytes };

/** One stored entry; undefined where none is. */
export async function readOne(
  entries: Pick<EntryStore, "read">,
  writer: WriterKey,
  seq: number,
): Promise<VerifiedEntry | undefined> {
  return (await entries.read(writer, seq, ONE_ENTRY))?.entries[0];
}
