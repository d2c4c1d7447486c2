import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { encodeChanges } from "../automerge/change-codec.ts";
import { changeLimits } from "../automerge/change-limits.ts";
import { PartWork } from "../automerge/part-work.ts";
import { docIdOf } from "../document/doc-id.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { type ChangePart, encodeChangePart, mergeReplacements, mostReplaced } from "../sealing/change-part.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import { ENTRY_BYTES, fillEntries } from "./fill-entries.ts";
import type { JournalRow } from "./journal-row.ts";

/** How far apart, in claimed ms, the changes of one part lie at most: a part claims one time for all of them, that of its last. */
const PART_SPAN = 5 * 60 * 1_000;

/** A time in which changes may become one part. */
interface Span {
  readonly from: number;
  /** What all parts claim that hold changes of its transactions: so no time lies between the changes of one. */
  latest: number;
}

interface Group {
  readonly rows: { readonly row: JournalRow; readonly chunk: ChangeChunk }[];
  readonly span: Span;
  /** Whether changes of a transaction are among them, and others of it elsewhere. */
  isShared: boolean;
  readonly work: PartWork;
  bytes: number;
}

/**
 * From journal rows to the parts of as few entries as possible: all changes of a document become one part, in order. Rows of one
 * transaction go into one entry.
 */
export function planEntries(
  rows: readonly JournalRow[],
  keyOf: (keyId: Uint8Array) => KeyVersion,
  sha256: Sha256,
): readonly (readonly PartDraft[])[] {
  const planned = rows.some(({ withLast }) => withLast === true)
    ? planTransactions(rows, sha256)
    : fillEntries(groupAll(rows, sha256).all);
  return planned.map((some) => some.map((group) => partOf(group, keyOf)));
}

/** Whether one entry holds these rows. */
export function fitsOneEntry(rows: readonly JournalRow[], sha256: Sha256): boolean {
  return fillEntries(groupAll(rows, sha256).all).length <= 1;
}

/** Entry by entry, so that each holds the whole of the transactions that it begins. */
function planTransactions(rows: readonly JournalRow[], sha256: Sha256): readonly (readonly Group[])[] {
  const entries: (readonly Group[])[] = [];
  let kept: JournalRow[] = [];
  let groups = new Groups(sha256);
  for (const unit of units(rows)) {
    for (const row of unit) groups.add(row);
    if (kept.length > 0 && fillEntries(groups.all).length > 1) {
      entries.push(groupAll(kept, sha256).all);
      groups = groupAll(unit, sha256);
      kept = [];
    }
    kept.push(...unit);
  }
  // What is in one transaction fits one entry; whatever does not, because a part of it was taken out, is split as all else.
  return [...entries, groups.all].flatMap(fillEntries);
}

/** Rows that belong together. */
function units(rows: readonly JournalRow[]): readonly (readonly JournalRow[])[] {
  const all: JournalRow[][] = [];
  for (const row of rows) {
    const last = all.at(-1);
    if (last !== undefined && row.withLast === true) last.push(row);
    else all.push([row]);
  }
  return all;
}

function groupAll(rows: readonly JournalRow[], sha256: Sha256): Groups {
  const groups = new Groups(sha256);
  for (const row of rows) groups.add(row);
  return groups;
}

/** Consecutive changes of one document; a deletion or undeletion is a part of its own. */
class Groups {
  readonly all: Group[] = [];
  readonly #open = new Map<string, Group>();
  readonly #sha256: Sha256;
  #span: Span | null = null;
  /** What the last row is in. */
  #last: Group | null = null;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
  }

  add(row: JournalRow): void {
    const before = row.withLast === true ? this.#last : null;
    const span = this.#spanOf(row, before);
    const group = this.#put(row, span);
    if (before !== null) {
      before.isShared = true;
      group.isShared = true;
    }
    for (const each of [before, group])
      if (each?.isShared === true) span.latest = Math.max(span.latest, lastTime(each));
    this.#last = group;
  }

  /** A transaction lies in one. */
  #spanOf({ time }: JournalRow, before: Group | null): Span {
    if (before !== null) return before.span;
    if (this.#span === null || Math.abs(time - this.#span.from) > PART_SPAN) {
      this.#span = { from: time, latest: 0 };
      this.#open.clear();
    }
    return this.#span;
  }

  #put(row: JournalRow, span: Span): Group {
    const name = docIdOf(row);
    const group = this.#open.get(name);
    const chunk = row.chunk ?? parseChange(row.change, this.#sha256);
    if (group !== undefined && takes(group, row, chunk)) {
      group.rows.push({ row, chunk });
      group.work.addChange(chunk);
      group.bytes += row.change.length;
      return group;
    }
    const work = PartWork.of(chunk);
    const next: Group = { rows: [{ row, chunk }], span, isShared: false, work, bytes: row.change.length };
    this.#open.set(name, next);
    this.all.push(next);
    return next;
  }
}

function takes({ rows, work, bytes }: Group, row: JournalRow, chunk: ChangeChunk): boolean {
  const [first] = rows;
  return (
    first !== undefined &&
    row.kind === "change" &&
    isEdit(first.row) &&
    rows.length < changeLimits.changesInPart &&
    bytes + row.change.length <= ENTRY_BYTES &&
    (row.replaces === undefined || replacedBy([...rows, { row }]).length <= mostReplaced) &&
    work.totalWith(chunk) <= changeLimits.entryWork
  );
}

const lastTime = ({ rows }: Group): number => rows.at(-1)?.row.time ?? 0;

const isEdit = (row: JournalRow): boolean => row.kind === "create" || row.kind === "change";

const replacedBy = (rows: readonly { readonly row: JournalRow }[]): ReturnType<typeof mergeReplacements> =>
  mergeReplacements(rows.flatMap(({ row }) => row.replaces ?? []));

function partOf(group: Group, keyOf: (keyId: Uint8Array) => KeyVersion): PartDraft {
  const { rows, span, isShared } = group;
  const first = rows[0]?.row;
  if (first === undefined) throw new RangeError("a group has rows");
  const { codec, payload } = encodeChanges(rows.map(({ chunk }) => chunk));
  const document: ChangePart["document"] =
    first.counter === null ? { type: "stem", stem: first.stem } : { type: "counter", counter: first.counter };
  const plaintext = encodeChangePart({
    kind: first.kind,
    codec,
    document,
    branch: null,
    time: isShared ? span.latest : lastTime(group),
    metadata: null,
    replaces: replacedBy(rows),
    payload,
  });
  return { kind: "change", key: keyOf(first.keyId), plaintext };
}
