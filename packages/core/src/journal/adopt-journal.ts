import { equalBytes, toHex, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { type ChangeChunk, parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { reauthorChanges } from "../automerge/reauthor.ts";
import { docIdOf } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import { CoreError } from "../errors.ts";
import { type DocumentPlace, documentIdOf } from "../sealing/document-id.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { Journal } from "./journal.ts";
import type { JournalRow } from "./journal-row.ts";

export interface Adoption {
  readonly verifier: Verifier;
  readonly journal: Journal;
  readonly chain: WriterChain;
  readonly documents: Documents;
  /** Whether this device's user lost a key. */
  isLost(keyId: Uint8Array): boolean;
  /** Gets a JOURNAL_WAITING for the changes that have to wait. */
  report(error: unknown): void;
}

/** The changes of one document by one incarnation, in order; each builds on the one before. */
interface Group extends DocumentPlace {
  readonly writer: WriterKey;
  readonly rows: readonly JournalRow[];
  readonly chunks: readonly ChangeChunk[];
}

/**
 * Takes up the changes that an earlier run journalled and did not seal. If the chain could not go on (a crash, a copy, a restored
 * backup), they are rewritten to a new incarnation's actor first: the gate has no exception. Changes that build on something this
 * store has lost wait in the journal until it is here again, and changes under a key that was taken away until it is shared again.
 */
export async function adoptJournal(at: Adoption): Promise<void> {
  const { journal, chain, documents, report } = at;
  const sha256: Sha256 = (...chunks) => at.verifier.sha256(...chunks);
  const lost = journal.rows.filter(({ keyId }) => at.isLost(keyId));
  const ready = readyOf(groupsOf(without(journal.rows, lost), sha256), documents);
  const count = ready.reduce((sum, { rows }) => sum + rows.length, 0);
  const { current } = chain;
  const isOfOther = ({ writer }: { readonly writer: WriterKey }) => current === null || !equalBytes(writer, current);
  // What an actor makes behind a change that waits would stand in its place.
  const stale = ready.some(isOfOther) || !lost.every(isOfOther);
  if (stale || count < journal.rows.length) await rewrite(at, ready, stale ? await chain.begin() : null);
  if (lost.length > 0) report(new CoreError("JOURNAL_WAITING", "changes wait for a key that is not shared any more"));
  if (count + lost.length < journal.rows.length)
    report(
      new CoreError("JOURNAL_WAITING", "changes wait for entries that this store has lost: sync, then open again"),
    );
  for (const row of journal.sealable) {
    documents.own(documents.ensure(row), row.writer, row.kind, row.change);
    if (row.counter !== null) chain.reserveCounter(row.counter);
  }
}

function without(rows: readonly JournalRow[], others: readonly JournalRow[]): readonly JournalRow[] {
  if (others.length === 0) return rows;
  const left = new Set(others);
  return rows.filter((row) => !left.has(row));
}

function groupsOf(rows: readonly JournalRow[], sha256: Sha256): readonly Group[] {
  const groups = Map.groupBy(rows, (row) => `${docIdOf(row)}/${toHex(row.writer)}`);
  return [...groups.values()].flatMap((own) => {
    const [first] = own;
    if (first === undefined) return [];
    // In the order they were made: what is made anew from entries was made before what no entry holds.
    const made = own.map((row) => ({ row, chunk: parseChange(row.change, sha256) }));
    made.sort((a, b) => a.chunk.seq - b.chunk.seq);
    const rows = made.map(({ row }) => row);
    return [
      { stem: first.stem, keyId: first.keyId, writer: first.writer, rows, chunks: made.map(({ chunk }) => chunk) },
    ];
  });
}

/** The groups whose dependencies are here. One for each document, the newest: two could not both become one actor's first changes. */
function readyOf(groups: readonly Group[], documents: Documents): readonly Group[] {
  const byDocument = new Map<string, Group>();
  for (const group of groups) {
    const record = documents.ensure(group);
    const own = new Set(group.chunks.map(({ hash }) => toHex(hash)));
    const isReady = group.chunks.every(({ deps }) =>
      deps.every((dep) => own.has(toHex(dep)) || documents.has(record, dep)),
    );
    if (isReady) byDocument.set(record.name, group);
  }
  return [...byDocument.values()];
}

/** Rewrites what is ready, to this writer if there is one, and sets the rest aside. */
async function rewrite(
  { verifier, journal, chain }: Adoption,
  ready: readonly Group[],
  writer: WriterKey | null,
): Promise<void> {
  const sha256: Sha256 = (...chunks) => verifier.sha256(...chunks);
  const rewritten = new Map<JournalRow, JournalRow>();
  for (const { rows, chunks, ...place } of ready) {
    const author =
      writer === null ? null : { actor: actorOf(verifier, writer, documentIdOf(place), null), firstSeq: 1 };
    const changes = author === null ? chunks : reauthorChanges(chunks, author, sha256);
    for (const [at, row] of rows.entries()) {
      // The document keeps the id the app knows, so it is named by stem: its counter belongs to the incarnation that is gone.
      const mine = writer === null ? row : { ...row, writer, counter: null, change: changes[at]?.bytes ?? row.change };
      rewritten.set(row, mine);
    }
  }
  await journal.replace((row) => rewritten.get(row) ?? null, writer === null ? [] : [await chain.row()]);
}
