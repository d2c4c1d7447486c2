import { parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { encodeChanges } from "../automerge/change-codec.ts";
import { changeLimits } from "../automerge/change-limits.ts";
import { docIdOf } from "../document/doc-id.ts";
import type { KeyVersion } from "../keys/key-version.ts";
import { type ChangePart, encodeChangePart } from "../sealing/change-part.ts";
import type { PartDraft } from "../sealing/seal-entry.ts";
import type { JournalRow } from "./journal-row.ts";

/** How many parts and bytes of changes one entry holds at most. */
export const ENTRY_PARTS = 100;
export const ENTRY_BYTES: number = 512 * 1024;

interface Group {
  readonly rows: JournalRow[];
  bytes: number;
}

/** From journal rows to the parts of as few entries as possible: all changes of a document become one part, in order. */
export function planEntries(
  rows: readonly JournalRow[],
  keyOf: (keyId: Uint8Array) => KeyVersion,
  sha256: Sha256,
): readonly (readonly PartDraft[])[] {
  const entries: PartDraft[][] = [];
  let parts: PartDraft[] = [];
  let bytes = 0;
  for (const group of groups(rows)) {
    if (parts.length === ENTRY_PARTS || (parts.length > 0 && bytes + group.bytes > ENTRY_BYTES)) {
      entries.push(parts);
      parts = [];
      bytes = 0;
    }
    parts.push(partOf(group.rows, keyOf, sha256));
    bytes += group.bytes;
  }
  return parts.length === 0 ? entries : [...entries, parts];
}

/** Consecutive changes of one document; a deletion or undeletion is a part of its own. */
function groups(rows: readonly JournalRow[]): readonly Group[] {
  const open = new Map<string, Group>();
  const all: Group[] = [];
  for (const row of rows) {
    const name = docIdOf(row);
    const group = open.get(name);
    const [first] = group?.rows ?? [];
    const fits =
      first !== undefined &&
      row.kind === "change" &&
      isEdit(first) &&
      (group?.rows.length ?? 0) < changeLimits.changesInPart &&
      (group?.bytes ?? 0) + row.change.length <= ENTRY_BYTES;
    if (group !== undefined && fits) {
      group.rows.push(row);
      group.bytes += row.change.length;
      continue;
    }
    const next: Group = { rows: [row], bytes: row.change.length };
    open.set(name, next);
    all.push(next);
  }
  return all;
}

const isEdit = (row: JournalRow): boolean => row.kind === "create" || row.kind === "change";

function partOf(rows: readonly JournalRow[], keyOf: (keyId: Uint8Array) => KeyVersion, sha256: Sha256): PartDraft {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) throw new RangeError("a group has rows");
  const { codec, payload } = encodeChanges(rows.map(({ change, chunk }) => chunk ?? parseChange(change, sha256)));
  const document: ChangePart["document"] =
    first.counter === null ? { type: "stem", stem: first.stem } : { type: "counter", counter: first.counter };
  const plaintext = encodeChangePart({
    kind: first.kind,
    codec,
    document,
    branch: null,
    time: last.time,
    metadata: null,
    payload,
  });
  return { kind: "change", key: keyOf(first.keyId), plaintext };
}
