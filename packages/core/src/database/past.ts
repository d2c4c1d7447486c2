// What a document was at a moment: which of its changes had been made by then. DESIGN section 8, decision 55.
import { toHex } from "@selkie/entry";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import type { HistoryRecord, Mark } from "../document/document-record.ts";
import { CoreError } from "../errors.ts";
import type { SourcedChange } from "./change-sources.ts";
import type { When } from "./history.ts";

/** A document of a database as it was. */
export interface PastRecord extends HistoryRecord {
  readonly deleted: boolean;
}

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

/** The same, whatever becomes of what the app gave. @throws CoreError VALUE_UNSUPPORTED */
export function momentOf(when: When): When {
  if (when instanceof Date) return new Date(when);
  if (Array.isArray(when) && when.every((head) => typeof head === "string")) return [...when];
  throw new CoreError("VALUE_UNSUPPORTED", "a moment is a date, or a list of heads");
}

/** ms since the epoch. @throws CoreError VALUE_UNSUPPORTED */
export function timeOf(when: Date): number {
  const time = when.getTime();
  if (Number.isNaN(time)) throw new CoreError("VALUE_UNSUPPORTED", "an invalid date");
  return time;
}

/** A document with only these of its changes, which depend on nothing else. */
export function pastWith({ marks }: Pick<HistoryRecord, "marks">, changes: readonly ChangeChunk[]): Past {
  const builtOn = new Set(changes.flatMap(({ deps }) => deps.map(toHex)));
  const heads = changes.map(({ hash }) => toHex(hash)).filter((hash) => !builtOn.has(hash));
  return { changes, heads: heads.sort(), deleted: marks.length > 0 && isDeleted(marks, changes) };
}

/** Whether one of the latest marks deletes: of those among the changes that no other of them builds on. */
function isDeleted(marks: readonly Mark[], changes: readonly ChangeChunk[]): boolean {
  const marked = Map.groupBy(marks, ({ hash }) => toHex(hash));
  const before = new Set<string>(); // some mark
  for (const { hash, deps } of changes.toReversed()) {
    const name = toHex(hash);
    const isBefore = before.has(name);
    const own = marked.get(name);
    if (!isBefore && own?.some(({ deleted }) => deleted)) return true;
    if (isBefore || own !== undefined) for (const dep of deps) before.add(toHex(dep));
  }
  return false;
}
