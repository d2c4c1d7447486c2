import { toHex, type VerifiedRun } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { CoreError } from "../errors.ts";

/** Everything the store holds of a database, by writer and seq; reports CHAIN_DAMAGED when less can be read than it said it holds. */
export async function* readAll(entries: EntryStore, report: (error: unknown) => void): AsyncIterable<VerifiedRun> {
  const said = await entries.vector();
  const read = new Map<string, number>();
  for await (const run of entries.scan()) {
    read.set(toHex(run.writer), run.firstSeq + run.entries.length - 1);
    yield run;
  }
  if ([...said].some(([writer, { seq }]) => (read.get(writer) ?? -1) < seq))
    report(new CoreError("CHAIN_DAMAGED", "entries are damaged on this device's disk"));
}
