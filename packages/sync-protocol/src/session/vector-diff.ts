// Two vectors compared: what the peer lacks, where chains fork, and what it has lost. Pure.
import { equalBytes, fromHex, type Head, parseWriterKey, type Vector, type WriterKey } from "@selkie/entry";
import type { Missing } from "../machine/database.ts";

/** What the comparison came to. */
export interface VectorDifference {
  /** What we hold and the peer does not. */
  readonly missing: readonly Missing[];
  /** Chains that end at the same seq in different entries. */
  readonly forked: readonly { readonly writer: WriterKey; readonly seq: number }[];
  /** Heads of ours that the peer holds. */
  readonly held: Vector;
}

/** A chain of which the peer held more before. */
export interface LostHead {
  readonly writer: WriterKey;
  /** Seq it had. */
  readonly was: number;
  /** Seq it has, -1 for nothing. */
  readonly now: number;
}

/** Compares our vector with the peer's. */
export function diffVectors(ours: Vector, theirs: Vector): VectorDifference {
  const missing: Missing[] = [];
  const forked: { writer: WriterKey; seq: number }[] = [];
  const held = new Map<string, Head>();
  for (const [name, head] of ours) {
    const other = theirs.get(name);
    const reached = other?.seq ?? -1;
    if (reached < head.seq) missing.push({ writer: writerOf(name), from: reached + 1, to: head.seq });
    else if (other?.seq === head.seq && !equalBytes(other.id, head.id))
      forked.push({ writer: writerOf(name), seq: head.seq });
    else held.set(name, head);
  }
  return { missing, forked, held };
}

/** What the peer was known to hold and its vector no longer names. */
export function lostHeads(expected: Vector, theirs: Vector): readonly LostHead[] {
  const lost: LostHead[] = [];
  for (const [name, { seq }] of expected) {
    const now = theirs.get(name)?.seq ?? -1;
    if (now < seq) lost.push({ writer: writerOf(name), was: seq, now });
  }
  return lost;
}

function writerOf(name: string): WriterKey {
  return parseWriterKey(fromHex(name));
}
