import { fromHex, toHex } from "@selkie/entry";
import { linksOf, type Sha256 } from "../automerge/change-chunk.ts";
import { changeHashLength } from "../automerge/change-limits.ts";
import type { Row } from "./page-codec.ts";

/** The hashes of the changes that no other builds on, in hex, ascending. @param changes dependencies first */
export function headsIn(changes: readonly Uint8Array[], sha256: Sha256): readonly string[] {
  const heads = new Set<string>();
  for (const bytes of changes) {
    const { hash, deps } = linksOf(bytes, sha256);
    for (const dep of deps) heads.delete(toHex(dep));
    heads.add(toHex(hash));
  }
  return [...heads].sort();
}

/** The same, one after the other: nearly all documents have one change. */
export function joinedHeadsIn(changes: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  const [only] = changes;
  return changes.length === 1 && only !== undefined
    ? linksOf(only, sha256).hash
    : joinedHeads(headsIn(changes, sha256));
}

/** Those of a row, in hex. */
export function headsOf({ heads }: Row): readonly string[] {
  return Array.from({ length: heads.length / changeHashLength }, (_, at) =>
    toHex(heads.subarray(at * changeHashLength, (at + 1) * changeHashLength)),
  );
}

export function joinedHeads(heads: readonly string[]): Uint8Array {
  return fromHex([...heads].sort().join(""));
}
