import { equalBytes, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { ChangeError, type ChangeRefusalCode, refusalOf } from "../automerge/change-error.ts";
import { actorLength } from "../automerge/change-limits.ts";
import { reauthorChanges } from "../automerge/reauthor.ts";
import { docIdOf } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { OwnChanges } from "../document/own-changes.ts";
import { type DocumentPlace, documentIdOf } from "../sealing/document-id.ts";
import type { JournalRow } from "./journal-row.ts";

/** The changes of one document by one incarnation, in order; each builds on the one before. */
export interface Group extends DocumentPlace {
  readonly writer: WriterKey;
  readonly rows: readonly JournalRow[];
  /** The same rows as they stand in the journal. */
  readonly places: readonly JournalRow[];
  readonly chunks: readonly ChangeChunk[];
}

/** Changes of one document that no replica would take. */
interface RefusedRows {
  readonly rows: readonly JournalRow[];
  readonly code: ChangeRefusalCode;
}

/** What becomes of the rows of a journal; those that are not named wait for entries that this store has lost. */
interface SortedRows {
  /** One group for each document, the newest: two could not both become one actor's first changes. */
  readonly ready: readonly Group[];
  readonly refused: readonly RefusedRows[];
}

/** What rows are judged with; `current` is the writer that goes on. */
interface Judging {
  readonly verifier: Verifier;
  readonly documents: Documents;
  readonly ownChanges: OwnChanges;
  readonly current: WriterKey | null;
}

/** Stands for the author that changes of another incarnation are rewritten to, which has none in the document. */
const NEWCOMER = new Uint8Array(actorLength);

/**
 * Sorts rows by what the gate will say of them. All changes of an incarnation in a document go one way: what is rewritten without its
 * end is not what the end builds on.
 */
export function sortRows(rows: readonly JournalRow[], at: Judging): SortedRows {
  const { sha256 } = at.verifier;
  const ready = new Map<string, Group>();
  const refused: RefusedRows[] = [];
  for (const own of Map.groupBy(rows, (row) => `${docIdOf(row)}/${toHex(row.writer)}`).values()) {
    const group = refusalOf(() => groupOf(own, sha256));
    const verdict = typeof group === "string" ? group : refusalOf(() => judge(group, at, sha256));
    if (verdict === "pass" && typeof group !== "string") ready.set(docIdOf(group), group);
    else if (verdict !== "pass" && verdict !== "held") refused.push({ rows: own, code: verdict });
  }
  return { ready: [...ready.values()], refused };
}

/** @throws ChangeError */
function groupOf(own: readonly JournalRow[], sha256: Sha256): Group {
  const [first] = own;
  if (first === undefined) throw new ChangeError("CHANGE_MALFORMED", "a group has rows");
  // In the order they were made: what is made anew from entries was made before what no entry holds.
  const made = own.map((row) => ({ row, chunk: parseChange(row.change, sha256) }));
  made.sort((a, b) => a.chunk.seq - b.chunk.seq);
  return {
    ...{ stem: first.stem, keyId: first.keyId, writer: first.writer },
    rows: made.map(({ row }) => row),
    places: own,
    chunks: made.map(({ chunk }) => chunk),
  };
}

/** @throws ChangeError */
function judge(
  group: Group,
  { verifier, documents, ownChanges, current }: Judging,
  sha256: Sha256,
): "pass" | "held" | ChangeRefusalCode {
  const record = documents.ensure(group);
  const own = new Set(group.chunks.map(({ hash }) => toHex(hash)));
  const isHere = (dep: Uint8Array): boolean => own.has(toHex(dep)) || documents.has(record, dep);
  if (!group.chunks.every(({ deps }) => deps.every(isHere))) return "held";
  const isOurs = current !== null && equalBytes(group.writer, current);
  const actor = isOurs ? actorOf(verifier, current, documentIdOf(group), null) : NEWCOMER;
  const changes = isOurs ? group.chunks : reauthorChanges(group.chunks, { actor, firstSeq: 1 }, sha256);
  return ownChanges.verdictOn(record, actor, changes);
}
