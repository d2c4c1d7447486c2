// What a document was at a moment: which of its changes had been made by then. DESIGN section 8.
import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { DocumentRecord } from "../document/document-record.ts";
import { type Documents, latestWith } from "../document/documents.ts";
import { CoreError } from "../errors.ts";
import type { SourcedChange } from "./change-sources.ts";

/** A document as it was. */
export interface Past {
  /** Those that had been made, with all that they build on, dependencies first; none when the document was not there yet. */
  readonly changes: readonly ChangeChunk[];
  readonly heads: readonly string[];
  readonly deleted: boolean;
}

/** What had been made by a time, ms since the epoch: nothing was made before what it builds on, whatever its author claims. */
export function madeBy(changes: readonly SourcedChange[], time: number): readonly ChangeChunk[] {
  const late = new Set<string>();
  return changes.flatMap(({ change, source: { claimedTime } }) => {
    const isLate = (claimedTime?.getTime() ?? Number.NEGATIVE_INFINITY) > time;
    if (!isLate && !change.deps.some((dep) => late.has(toHex(dep)))) return [change];
    late.add(toHex(change.hash));
    return [];
  });
}

/** What a state consists of: the changes with these hashes, and all that they build on. Takes out of `heads` what it finds. */
export function upTo(changes: readonly ChangeChunk[], heads: Set<string>): readonly ChangeChunk[] {
  const wanted = new Set<string>();
  const found = changes.toReversed().filter(({ hash, deps }) => {
    const name = toHex(hash);
    if (!heads.delete(name) && !wanted.has(name)) return false;
    for (const dep of deps) wanted.add(toHex(dep));
    return true;
  });
  return found.reverse();
}

/** @throws CoreError HEADS_UNKNOWN */
export function requireFound(heads: ReadonlySet<string>): void {
  if (heads.size > 0) throw new CoreError("HEADS_UNKNOWN", "no change with such a hash counts here");
}

/** ms since the epoch. @throws CoreError VALUE_UNSUPPORTED */
export function timeOf(when: Date): number {
  const time = when.getTime();
  if (Number.isNaN(time)) throw new CoreError("VALUE_UNSUPPORTED", "an invalid date");
  return time;
}

/** A document with only these of its changes, which depend on nothing else. */
export function pastWith(documents: Documents, record: DocumentRecord, changes: readonly ChangeChunk[]): Past {
  const history = documents.histories.of(record);
  const names = changes.map(({ hash }) => toHex(hash));
  const made = new Set(names);
  const marks = record.marks.filter(({ hash }) => made.has(toHex(hash)));
  const latest = marks.reduce<DocumentRecord["latestMarks"]>((sofar, mark) => latestWith(history, sofar, mark), []);
  const builtOn = new Set(changes.flatMap(({ deps }) => deps.map(toHex)));
  const heads = names.filter((hash) => !builtOn.has(hash)).sort();
  return { changes, heads, deleted: latest.some(({ deleted }) => deleted) };
}
