import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "./change-chunk.ts";
import { isMake } from "./change-op.ts";
import { type OpId, opsOf, type PlacedOp } from "./op-ground.ts";

/**
 * Whether a change is another one made anew: the same edits in the same order. It may lack some, where nothing was left to be done, and make
 * maps, lists and texts that those were in.
 *
 * @returns by operation of `again` the one of `first` that it was; null when it is another change
 * @throws ChangeError when they are not changes
 */
export function sameEdits(first: ChangeChunk, again: ChangeChunk): ReadonlyMap<OpId, OpId> | null {
  if (first.message !== again.message || first.time !== again.time) return null;
  const before = opsOf(first);
  // D12: each operation is looked at once, however many are alike.
  const alike = new Map<string, number[]>();
  for (const [at, op] of before.entries()) {
    const name = nameOf(op);
    const places = alike.get(name);
    if (places === undefined) alike.set(name, [at]);
    else places.push(at);
  }
  for (const places of alike.values()) places.reverse();
  const same = new Map<OpId, OpId>();
  let next = 0;
  for (const op of opsOf(again)) {
    const places = alike.get(nameOf(op)) ?? [];
    while ((places.at(-1) ?? next) < next) places.pop();
    const at = places.pop();
    const was = at === undefined ? undefined : before[at];
    if (at !== undefined && was !== undefined) {
      same.set(op.id, was.id);
      next = at + 1;
    } else if (!isMake(op.op.action)) return null;
  }
  return same;
}

/** What an edit does, wherever. */
function nameOf({ keyText, bytes, op }: PlacedOp): string {
  const value = toHex(bytes.subarray(op.valueStart, op.valueEnd));
  return JSON.stringify([op.action, op.insert, keyText, op.valueType, value, op.expand, op.markName]);
}
