// What appending a run does to a chain: one pure decision for every adapter, so that all of them agree.
import {
  type AppendResult,
  type Entry,
  type EntryId,
  equalBytes,
  type Signature,
  type VerifiedEntry,
  type VerifiedRun,
  type Verifier,
} from "@selkie/entry";
import { fillHoles, punchHoles } from "./holes.ts";
import { StoreError } from "./store-error.ts";

/** What a store knows of an entry it holds, without opening its body. */
export interface HeldEntry {
  /** Null when the row is so damaged that even its id is in doubt. */
  readonly id: EntryId | null;
  readonly signature: Signature | null;
  readonly condition: "whole" | "holed" | "damaged";
}

/** A chain as it is stored, for {@link planAppend}. */
export interface HeldChain {
  /** The lowest seq that is not held undamaged: what the chain can take next. */
  readonly next: number;
  /** The entry at `seq`; asked for seqs from the run's first - 1 to its last. */
  held(seq: number): HeldEntry | undefined;
  /** The undamaged entry at `seq`; asked for entries with holes only. Null when it turns out to be damaged. */
  load(seq: number): VerifiedEntry | null;
  /** Part indexes of this entry that were retired. */
  retired(id: EntryId): ReadonlySet<number>;
}

/** One entry to write. */
export interface PlannedWrite {
  /** `insert`: a seq not held so far; `replace`: a damaged entry, or one whose holes are filled. */
  readonly type: "insert" | "replace";
  readonly seq: number;
  readonly id: EntryId;
  /** What to encode; parts may differ from the run's where some were retired, or held already. */
  readonly entry: Entry;
  readonly signature: Signature | null;
}

/** The outcome of an append and the writes that bring it about, ascending by seq. */
export interface AppendPlan {
  readonly result: AppendResult;
  readonly writes: readonly PlannedWrite[];
}

/**
 * Decides what appending `run` writes. Entries held already are compared; damaged ones are replaced; holes are filled unless
 * retired; a whole entry never gains a hole. At a fork, what lies before it is still repaired.
 *
 * @throws StoreError `RUN_UNSIGNED` when the run's last entry has no signature: the tip of a chain must be signed
 */
export function planAppend(run: VerifiedRun, chain: HeldChain, verifier: Verifier): AppendPlan {
  // INVARIANT: the last entry of every run, so of every chain, is signed. Test: contract "refuses a run whose last entry is unsigned".
  if ((run.entries.at(-1)?.signature ?? null) === null) {
    throw new StoreError("RUN_UNSIGNED", "a run ends in a signed entry");
  }
  if (run.firstSeq > chain.next) return { result: { type: "gap", have: chain.next }, writes: [] };
  const before = chain.held(run.firstSeq - 1)?.id ?? null;
  if (run.firstSeq > 0 && before !== null && !equalBytes(before, run.prev)) {
    return { result: { type: "fork", seq: run.firstSeq - 1, ours: before, theirs: run.prev }, writes: [] };
  }
  const writes: PlannedWrite[] = [];
  let seq = run.firstSeq - 1;
  for (const entry of run.entries) {
    seq++;
    const held = chain.held(seq);
    if (held?.id && !equalBytes(held.id, entry.id)) {
      return { result: { type: "fork", seq, ours: held.id, theirs: entry.id }, writes };
    }
    const write = planEntry(entry, held, chain, verifier);
    if (write !== null) writes.push(write);
  }
  return { result: writes.length === 0 ? { type: "known" } : { type: "appended", count: writes.length }, writes };
}

function planEntry(
  entry: VerifiedEntry,
  held: HeldEntry | undefined,
  chain: HeldChain,
  verifier: Verifier,
): PlannedWrite | null {
  if (held?.condition === "whole") return null;
  const { id } = entry;
  const { seq } = entry.header;
  const incoming = punchHoles(verifier, entry, chain.retired(id));
  if (held === undefined) return { type: "insert", seq, id, entry: incoming, signature: entry.signature };
  const ours = held.condition === "holed" ? chain.load(seq) : null;
  const content = ours === null ? incoming : fillHoles(ours, incoming);
  // A signature that was dropped on the way here is kept where we have it: without it, runs could only be cut further apart.
  return content === null
    ? null
    : { type: "replace", seq, id, entry: content, signature: held.signature ?? entry.signature };
}

/** Consecutive seqs, both inclusive. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** A chain's heads around the writes of a plan; -1 where there is none. */
export interface HeadSeqs {
  readonly before: number;
  readonly after: number;
}

/**
 * What of a chain arrives by these writes. A repair makes more readable than it writes: everything that could not be served behind
 * the last head arrives again, or who follows positions would never see it.
 *
 * @param heads null unless a damaged entry was replaced
 */
export function arrivingRanges(writes: readonly PlannedWrite[], heads: HeadSeqs | null): readonly SeqRange[] {
  if (heads === null) return rangesOf(writes);
  const { before, after } = heads;
  return [
    ...rangesOf(writes.filter(({ seq }) => seq <= before)),
    ...(after > before ? [{ from: before + 1, to: after }] : []),
    ...rangesOf(writes.filter(({ seq }) => seq > Math.max(before, after))),
  ];
}

function rangesOf(writes: readonly PlannedWrite[]): readonly SeqRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const { seq } of writes) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === seq) last.to = seq;
    else ranges.push({ from: seq, to: seq });
  }
  return ranges;
}
