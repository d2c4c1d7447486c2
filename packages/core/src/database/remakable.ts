import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { ToRemake } from "./own-work.ts";

/** What can be made anew; dependencies come first. */
export interface Remakable {
  readonly own: readonly ChangeChunk[];
  /** What these depend on, directly or not, that does not count. */
  readonly lost: readonly ChangeChunk[];
  /** Hexadecimal hashes of what the others lack: it is nowhere here. */
  readonly missing: ReadonlySet<string>;
}

/**
 * Which of these changes can be made anew: those of which all is here that they depend on, where some of it does not count, or some of what
 * their actor made with them: an actor's changes go one way. Where all counts that an actor built on, its changes were refused, unless its
 * chain ended before them.
 */
export function remakable({ own: work, pool, counts, isBeyond }: ToRemake): Remakable {
  const changes = work.map(({ change }) => change);
  const known = new Map([...pool, ...changes.map((change) => [toHex(change.hash), change] as const)]);
  const lacks = (change: ChangeChunk): readonly string[] => change.deps.filter((dep) => !counts(dep)).map(toHex);
  const [below, missing] = [new Map<ChangeChunk, readonly string[]>(), new Set<string>()];
  const left = [...changes];
  for (let change = left.pop(); change !== undefined; change = left.pop()) {
    if (below.has(change)) continue;
    const names = lacks(change);
    below.set(change, names);
    for (const name of names) {
      const dep = known.get(name);
      if (dep === undefined) missing.add(name);
      else left.push(dep);
    }
  }
  const whole = new Set<string>();
  const [own, lost, isOwn]: [ChangeChunk[], ChangeChunk[], Set<ChangeChunk>] = [[], [], new Set(changes)];
  const hashes = new Set(changes.map(({ hash }) => toHex(hash)));
  const held = changes.filter((change) => below.get(change)?.some((name) => pool.has(name) && !hashes.has(name)));
  const actors = new Set(held.map(({ actor }) => toHex(actor)));
  for (const change of inOrder([...below.keys()])) {
    const names = below.get(change) ?? [];
    const isRefused = isOwn.has(change) && names.length === 0 && !actors.has(toHex(change.actor)) && !isBeyond(change);
    if (isRefused || !names.every((name) => whole.has(name))) continue;
    whole.add(toHex(change.hash));
    (isOwn.has(change) ? own : lost).push(change);
  }
  return { own, lost, missing };
}

/** The changes without one of them, and what builds on it or its actor made later; dependencies come first. */
export function withoutBranch(changes: readonly ChangeChunk[], root: ChangeChunk): readonly ChangeChunk[] {
  const [gone, actors] = [new Set<string>(), new Set<string>()];
  return changes.filter((change) => {
    const actor = toHex(change.actor);
    if (change !== root && !actors.has(actor) && !change.deps.some((dep) => gone.has(toHex(dep)))) return true;
    gone.add(toHex(change.hash));
    actors.add(actor);
    return false;
  });
}

/** The same changes, dependencies first. */
function inOrder(changes: readonly ChangeChunk[]): readonly ChangeChunk[] {
  const byHash = new Map(changes.map((change) => [toHex(change.hash), change]));
  const ordered = new Set<ChangeChunk>();
  for (const change of changes) {
    const above = [change];
    for (let top = above.at(-1); top !== undefined; top = above.at(-1)) {
      const before = top.deps.flatMap((dep) => byHash.get(toHex(dep)) ?? []).find((dep) => !ordered.has(dep));
      if (before !== undefined) above.push(before);
      else ordered.add(above.pop() ?? top);
    }
  }
  return [...ordered];
}
