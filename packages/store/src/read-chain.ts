// Reading one chain: an entry, or everything from a place on in runs of moderate size.
import type { Replica, VerifiedEntry, VerifiedRun, WriterKey } from "@selkie/entry";

const SLICE = { entries: 256, bytes: 2 ** 20 };
const ONE_ENTRY = { entries: 1, bytes: 2 ** 20 };

type Entries = Pick<Replica, "read">;

/** The entry of a chain at this seq; null where none is held. */
export async function readEntry(entries: Entries, writer: WriterKey, seq: number): Promise<VerifiedEntry | null> {
  return (await entries.read(writer, seq, ONE_ENTRY))?.entries[0] ?? null;
}

/** What is held of a chain from this seq on. Each run is read when it is asked for: what was appended meanwhile is in it. */
export async function* readRuns(entries: Entries, writer: WriterKey, from: number): AsyncGenerator<VerifiedRun, void> {
  for (let seq = from; ; ) {
    const run = await entries.read(writer, seq, SLICE);
    if (run === null) return;
    yield run;
    seq += run.entries.length;
  }
}
