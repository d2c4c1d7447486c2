import type { Child } from "./child-process.ts";
import { parseLine } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import type { UsedPlaces } from "./used-places.ts";

/** How one run ended, and which writers it sealed under. */
export interface Run {
  readonly end: "killed" | "closed";
  readonly writers: ReadonlySet<string>;
}

/** Lets a child work until it has said so many bytes, ends it, and takes down what it said. @throws when it fails by itself */
export async function follow(
  child: Child,
  { bytes, end, used, ledger }: { bytes: number; end: Run["end"]; used: UsedPlaces; ledger: Ledger },
): Promise<Run> {
  await child.hearBytes(bytes);
  await (end === "closed" ? child.close() : child.kill());
  if (child.complaints !== "") throw new Error(child.complaints);
  const writers = new Set<string>();
  for (const text of child.lines) {
    const line = parseLine(text);
    if (line === null) continue;
    ledger.note(line);
    if (line.type !== "sealed") continue;
    used.note(line.writer, line.seq, line.entry);
    writers.add(line.writer);
  }
  return { end, writers };
}
