import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { OpId } from "../automerge/op-ground.ts";
import { sameEdits } from "../automerge/same-edits.ts";
import { type ChangeKind, mergeReplacements, type Replacement } from "../sealing/change-part.ts";
import type { Own, ToRemake } from "./own-work.ts";

/** What of the changes that a device made anew in a document is the same as others that count there. */
export interface StandIns {
  /** To be made anew no more: they were made for changes that count again as they were. */
  readonly done: ReadonlySet<ChangeChunk>;
  /** By operation of a change that does not count: the same one that does. */
  readonly same: ReadonlyMap<OpId, OpId>;
  /** Of what is replaced, without what counts again. */
  left(replaces: readonly Replacement[]): readonly Replacement[];
}

/** A change, and the one that was made anew of it. */
interface Pair {
  readonly first: Own;
  readonly again: Own;
  /** By operation of `again`: that of `first`. */
  readonly edits: ReadonlyMap<OpId, OpId>;
}

/**
 * Which of a device's changes stand for others of its that count: an admin ended an earlier chain, and that admin's word is void by now. An
 * earlier chain is taken as a whole: where one of its changes that count is not found again, all of them are replaced as before.
 * @param able what can be made anew
 */
export function standIns({ known, counts }: ToRemake, able: readonly ChangeChunk[]): StandIns {
  const chains = Map.groupBy(known, ({ writer }) => toHex(writer));
  const [pairs, returned]: [Pair[], Map<string, number>] = [[], new Map()];
  const broken = new Set<string>();
  for (const chain of chains.values())
    for (const { writer, ...span } of mergeReplacements(chain.flatMap(({ replaces }) => replaces))) {
      const name = toHex(writer);
      const firsts = (chains.get(name) ?? []).filter(({ change: { seq } }) => span.seq <= seq && seq <= span.last);
      const found = pairsOf(
        firsts,
        chain.filter(({ replaces }) => replaces.some((said) => toHex(said.writer) === name)),
      );
      pairs.push(...found);
      const counting = firsts.filter(({ change }) => counts(change.hash));
      const paired = new Set(found.map(({ first }) => first));
      if (counting.some((one) => !paired.has(one))) broken.add(name);
      returned.set(name, Math.max(returned.get(name) ?? 0, counting.at(-1)?.change.seq ?? 0));
    }
  const isAble = new Set(able);
  const isDone = ({ first, again }: Pair): boolean =>
    isAble.has(again.change) && counts(first.change.hash) && !broken.has(toHex(first.writer));
  const left = (replaces: readonly Replacement[]): readonly Replacement[] =>
    replaces.flatMap((said) => {
      const name = toHex(said.writer);
      const seq = Math.max(said.seq, broken.has(name) ? 0 : 1 + (returned.get(name) ?? 0));
      return seq <= said.last ? [{ ...said, seq }] : [];
    });
  return { done: new Set(pairs.filter(isDone).map(({ again }) => again.change)), same: sameOf(pairs, counts), left };
}

/** What was made anew of these, in order. */
function pairsOf(firsts: readonly Own[], chain: readonly Own[]): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const again of chain) {
    const first = firsts[pairs.length];
    if (first === undefined) break;
    const edits = markOf(first.kind) === markOf(again.kind) ? sameEdits(first.change, again.change) : null;
    if (edits !== null) pairs.push({ first, again, edits });
  }
  return pairs;
}

const markOf = (kind: ChangeKind): ChangeKind | null => (kind === "delete" || kind === "undelete" ? kind : null);

/** By operation that does not count, the same one that does, through however many that do not. */
function sameOf(pairs: readonly Pair[], counts: ToRemake["counts"]): ReadonlyMap<OpId, OpId> {
  const [same, left]: [Map<OpId, OpId>, Pair[]] = [new Map(), [...pairs]];
  const next = new Map<OpId, OpId[]>();
  const found: OpId[] = [];
  for (const { first, again, edits } of left)
    for (const [id, was] of edits) {
      for (const [one, other] of [
        [id, was],
        [was, id],
      ] as const)
        next.set(one, [...(next.get(one) ?? []), other]);
      if (counts(first.change.hash)) found.push(was);
      if (counts(again.change.hash)) found.push(id);
    }
  const counting = new Set(found);
  for (const id of found)
    for (const other of next.get(id) ?? []) {
      if (counting.has(other) || same.has(other)) continue;
      same.set(other, same.get(id) ?? id);
      found.push(other);
    }
  return same;
}
