import { fromHex, toHex } from "@selkie/entry";
import { parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { changeHashLength } from "../automerge/change-limits.ts";
import type { Row } from "./page-codec.ts";

/** The hashes of the changes that no other builds on, in hex, ascending. @param changes dependencies first */
export function headsIn(changes: readonly Uint8Array[], sha256: Sha256): readonly string[] {
  const heads = new Set<string>();
  for (const bytes of changes) {
    const { hash, deps } = parseChange(bytes, sha256);
    for (const dep of deps) heads.delete(toHex(dep));
    heads.add(toHex(hash));
  }
  return [...heads].sort();
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
