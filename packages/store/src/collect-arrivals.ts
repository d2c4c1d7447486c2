// Turns a store's order of arrival into runs: what a peer that was here before has not seen yet.
import { type ArrivedRuns, limits, type ReadLimit, type VerifiedEntry, type VerifiedRun } from "@selkie/entry";
import type { CollectedRun, CollectLimit } from "./collect-run.ts";

/** Consecutive entries of one chain that arrived together; the last of them is signed. `Chain` is the adapter's name for a chain. */
export interface Arrival<Chain> {
  /** Position of the first of them; the others follow without gaps. */
  readonly position: number;
  readonly chain: Chain;
  readonly firstSeq: number;
  readonly count: number;
}

/**
 * Reads what arrived after `position`, joining what belongs to one chain, so that a peer verifies few signatures.
 *
 * @param arrivals ascending, starting with the one that holds `position + 1`
 * @param read the chain's entries from a seq (inclusive) to another (exclusive)
 */
export function collectArrivals<Chain>(
  arrivals: Iterable<Arrival<Chain>>,
  position: number,
  limit: ReadLimit,
  read: (chain: Chain, from: number, to: number, limit: CollectLimit) => CollectedRun,
): ArrivedRuns {
  const joined = new JoinedRuns<Chain>();
  let left = { entries: Math.min(limit.entries, limits.runEntries), bytes: Math.min(limit.bytes, limits.runBytes) };
  let reached = position;
  for (const arrival of arrivals) {
    const skipped = Math.max(0, reached + 1 - arrival.position);
    const from = arrival.firstSeq + skipped;
    const end = arrival.firstSeq + arrival.count;
    const { run, bytes, isBlocked } = read(arrival.chain, from, end, { ...left, atLeastOne: joined.empty });
    const count = run?.entries.length ?? 0;
    if (run !== null) joined.add(arrival.chain, run);
    left = { entries: left.entries - count, bytes: left.bytes - bytes };
    // Behind a damaged entry nothing can be served; what repairs it arrives at a new position.
    const complete = isBlocked || skipped + count >= arrival.count;
    reached = arrival.position + (complete ? arrival.count : skipped + count) - 1;
    if (!complete) return { runs: joined.runs(), position: reached, done: false };
  }
  return { runs: joined.runs(), position: reached, done: true };
}

/** Runs in order of arrival; a run that goes on where the chain's last one ended is joined to it. */
class JoinedRuns<Chain> {
  readonly #runs: OpenRun[] = [];
  readonly #last = new Map<Chain, OpenRun>();

  get empty(): boolean {
    return this.#runs.length === 0;
  }

  add(chain: Chain, run: VerifiedRun): void {
    const last = this.#last.get(chain);
    if (last !== undefined && last.run.firstSeq + last.entries.length === run.firstSeq) {
      last.entries.push(...run.entries);
      return;
    }
    const opened = { run, entries: [...run.entries] };
    this.#runs.push(opened);
    this.#last.set(chain, opened);
  }

  runs(): readonly VerifiedRun[] {
    return this.#runs.map(({ run, entries }) => ({ ...run, entries }));
  }
}

interface OpenRun {
  readonly run: VerifiedRun;
  readonly entries: VerifiedEntry[];
}
