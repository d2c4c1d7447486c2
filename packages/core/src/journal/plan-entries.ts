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

interface Group {
  readonly rows: { readonly row: JournalRow; readonly chunk: ChangeChunk }[];
  readonly work: PartWork;
  bytes: number;
}

/** From journal rows to the parts of as few entries as possible: all changes of a document become one part, in order. */
export function planEntries(
  rows: readonly JournalRow[],
  keyOf: (keyId: Uint8Array) => KeyVersion,
  sha256: Sha256,
): readonly (readonly PartDraft[])[] {
  return fillEntries(groups(rows, sha256)).map((some) => some.map((group) => partOf(group, keyOf)));
}

/** Consecutive changes of one document; a deletion or undeletion is a part of its own. */
function groups(rows: readonly JournalRow[], sha256: Sha256): readonly Group[] {
  const open = new Map<string, Group>();
  const all: Group[] = [];
  for (const row of rows) {
    const name = docIdOf(row);
    const group = open.get(name);
    const chunk = row.chunk ?? parseChange(row.change, sha256);
    if (group !== undefined && takes(group, row, chunk)) {
      group.rows.push({ row, chunk });
      group.work.addChange(chunk);
      group.bytes += row.change.length;
      continue;
    }
    const next: Group = { rows: [{ row, chunk }], work: PartWork.of(chunk), bytes: row.change.length };
    open.set(name, next);
    all.push(next);
  }
  return all;
}

function takes({ rows, work, bytes }: Group, row: JournalRow, chunk: ChangeChunk): boolean {
  const [first] = rows;
  return (
    first !== undefined &&
    row.kind === "change" &&
    isEdit(first.row) &&
    Math.abs(row.time - first.row.time) <= PART_SPAN &&
    rows.length < changeLimits.changesInPart &&
    bytes + row.change.length <= ENTRY_BYTES &&
    (row.replaces === undefined || replacedBy([...rows, { row }]).length <= mostReplaced) &&
    work.totalWith(chunk) <= changeLimits.entryWork
  );
}

const isEdit = (row: JournalRow): boolean => row.kind === "create" || row.kind === "change";

const replacedBy = (rows: readonly { readonly row: JournalRow }[]): ReturnType<typeof mergeReplacements> =>
  mergeReplacements(rows.flatMap(({ row }) => row.replaces ?? []));

function partOf({ rows }: Group, keyOf: (keyId: Uint8Array) => KeyVersion): PartDraft {
  const first = rows[0]?.row;
  const last = rows.at(-1)?.row;
  if (first === undefined || last === undefined) throw new RangeError("a group has rows");
  const { codec, payload } = encodeChanges(rows.map(({ chunk }) => chunk));
  const document: ChangePart["document"] =
    first.counter === null ? { type: "stem", stem: first.stem } : { type: "counter", counter: first.counter };
  const plaintext = encodeChangePart({
    kind: first.kind,
    codec,
    document,
    branch: null,
    time: last.time,
    metadata: null,
    replaces: replacedBy(rows),
    payload,
  });
  return { kind: "change", key: keyOf(first.keyId), plaintext };
}
