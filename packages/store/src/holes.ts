// Parts that are dropped and parts that come back. Neither changes an entry's id: the root covers ciphertexts by their hash.
import { type Entry, holeOf, partKind, type Verifier } from "@selkie/entry";

/**
 * Whether this part of the entry can be dropped: it is there, whole, and not a control part.
 *
 * SECURITY: a control part is never dropped: it holds the certificate by which a writer is judged (B10).
 * Test: contract "B10 never drops a control part".
 */
export function canDrop(entry: Entry, index: number): boolean {
  const part = entry.parts[index];
  return part !== undefined && part.type === "sealed" && part.kind !== partKind.control;
}

/** The entry with a hole for each of these parts that can be dropped. */
export function punchHoles(verifier: Verifier, entry: Entry, indexes: ReadonlySet<number>): Entry {
  if (indexes.size === 0) return entry;
  const { header, table, signature } = entry;
  const parts = entry.parts.map((part, index) =>
    indexes.has(index) && canDrop(entry, index) ? holeOf(verifier, part) : part,
  );
  return { header, table, parts, signature };
}

/** `ours` with every hole filled that `theirs` can fill; null when it can fill none. Both are the same entry. */
export function fillHoles(ours: Entry, theirs: Entry): Entry | null {
  let filled = 0;
  const parts = ours.parts.map((part, index) => {
    const other = theirs.parts[index];
    if (part.type === "sealed" || other === undefined || other.type === "hole") return part;
    filled++;
    return other;
  });
  const { header, table, signature } = ours;
  return filled === 0 ? null : { header, table, parts, signature };
}

/** Whether any part of the entry is a hole. */
export function hasHoles(entry: Entry): boolean {
  return entry.parts.some((part) => part.type === "hole");
}
