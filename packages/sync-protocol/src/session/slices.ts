// Reading what the peer lacks, a bounded slice at a time.
import { limits, type Replica, runSize, type VerifiedRun } from "@selkie/entry";
import type { Missing } from "../machine/database.ts";
import type { SliceSource } from "../machine/effect.ts";
import type { SliceResult } from "../machine/input.ts";
import type { Echoes } from "./echoes.ts";

/** Runs to send, and how far reading them came. */
export interface Slice {
  readonly runs: readonly VerifiedRun[];
  readonly result: SliceResult;
}

/** Reads about `bytes` bytes; a run up to its first signature may exceed them. */
export async function readSlice(replica: Replica, source: SliceSource, bytes: number, echoes: Echoes): Promise<Slice> {
  if (source.type === "missing") return await readMissing(replica, source.items, bytes, source.round);
  const arrived = await replica.readAfter(source.after, { entries: limits.runEntries, bytes });
  const runs = arrived.runs.filter((run) => !echoes.take(run));
  return { runs, result: { type: "tail", position: arrived.position, done: arrived.done } };
}

async function readMissing(
  replica: Replica,
  items: readonly Missing[],
  bytes: number,
  round: number | null,
): Promise<Slice> {
  const runs: VerifiedRun[] = [];
  let size = 0;
  let damaged = false;
  for (const [done, { writer, from, to }] of items.entries()) {
    let next = from;
    while (next <= to) {
      const entries = Math.min(limits.runEntries, to - next + 1);
      const run = size < bytes ? await replica.read(writer, next, { entries, bytes: bytes - size }) : undefined;
      if (run === null) {
        // The vector named these entries, and they are not there: damaged.
        damaged = true;
        break;
      }
      if (run === undefined || size + runSize(run) > limits.batchBytes) {
        return { runs, result: { type: "missing", round, done, from: next, damaged } };
      }
      runs.push(run);
      size += runSize(run);
      next = run.firstSeq + run.entries.length;
    }
  }
  return { runs, result: { type: "missing", round, done: items.length, from: null, damaged } };
}
