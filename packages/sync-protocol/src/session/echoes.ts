// What this peer sent, so that the tail does not send it back.
import { toHex, type VerifiedRun } from "@selkie/entry";

/** Ranges remembered for one database; beyond that some entries go back to the peer, which knows them. */
const MAX_RANGES = 4_096;

/** Chains received from the peer and not yet passed by the tail. */
export class Echoes {
  /** Made when it is needed: most databases of a relay's sessions are idle. */
  #rangesByWriter: Map<string, { from: number; to: number }[]> | null = null;
  #count = 0;

  /** Remembers a run. */
  add(run: VerifiedRun): void {
    if (this.#count >= MAX_RANGES) this.clear();
    this.#rangesByWriter ??= new Map();
    const name = toHex(run.writer);
    const ranges = this.#rangesByWriter.get(name) ?? [];
    const to = run.firstSeq + run.entries.length - 1;
    const last = ranges.at(-1);
    if (last !== undefined && run.firstSeq <= last.to + 1 && run.firstSeq >= last.from) last.to = Math.max(last.to, to);
    else {
      ranges.push({ from: run.firstSeq, to });
      this.#count += 1;
    }
    this.#rangesByWriter.set(name, ranges);
  }

  /** Whether the peer sent all of this run; what the tail has passed is forgotten. */
  take(run: VerifiedRun): boolean {
    if (this.#rangesByWriter === null) return false;
    const name = toHex(run.writer);
    const to = run.firstSeq + run.entries.length - 1;
    const ranges = this.#rangesByWriter.get(name) ?? [];
    const isEcho = ranges.some((range) => range.from <= run.firstSeq && to <= range.to);
    const ahead = ranges.filter((range) => range.to > to);
    this.#count -= ranges.length - ahead.length;
    if (ahead.length > 0) this.#rangesByWriter.set(name, ahead);
    else this.#rangesByWriter.delete(name);
    return isEcho;
  }

  /** Forgets everything. */
  clear(): void {
    this.#rangesByWriter = null;
    this.#count = 0;
  }
}
