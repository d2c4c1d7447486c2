import type { SimEvent } from "./event.ts";
import { runSeed, type SeedResult } from "./run-seed.ts";

/** A shorter list of events that still fails, found by leaving out pieces, then smaller ones; at most `runs` runs. */
export async function minimise(failed: SeedResult, runs = 150): Promise<SeedResult> {
  let best = failed;
  let left = runs;
  for (let piece = Math.ceil(best.events.length / 2); piece >= 1 && left > 0; piece = Math.floor(piece / 2)) {
    for (let at = 0; at < best.events.length && left > 0; left -= 1) {
      const shorter = await runSeed(best.seed, { events: without(best.events, at, piece) });
      if (shorter.failures.length > 0) best = shorter;
      else at += piece;
    }
  }
  return best;
}

function without(events: readonly SimEvent[], at: number, count: number): readonly SimEvent[] {
  return [...events.slice(0, at), ...events.slice(at + count)];
}
