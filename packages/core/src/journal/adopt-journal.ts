import { equalBytes, type Verifier, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeRefusalCode } from "../automerge/change-error.ts";
import { reauthorChanges } from "../automerge/reauthor.ts";
import { type DocId, docIdOf } from "../document/doc-id.ts";
import type { Documents } from "../document/documents.ts";
import type { OwnChanges } from "../document/own-changes.ts";
import type { Purged } from "../document/purged.ts";
import { CoreError } from "../errors.ts";
import { documentIdOf } from "../sealing/document-id.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { Journal } from "./journal.ts";
import { type Group, sortRows } from "./journal-groups.ts";
import type { JournalRow } from "./journal-row.ts";

export interface Adoption {
  readonly verifier: Verifier;
  readonly journal: Journal;
  readonly chain: WriterChain;
  readonly documents: Documents;
  readonly ownChanges: OwnChanges;
  /** What is purged, as the directory says now: documents may be about to learn of it. */
  readonly purged: Purged;
  /** Whether this device's user lost a key. */
  isLost(keyId: Uint8Array): boolean;
  /** Whether a change was made anew: it lies aside for what it took the place of alone. */
  isStoodFor(row: JournalRow): boolean;
  /** Gets a JOURNAL_WAITING for what was to be sealed under a key that was taken away. */
  report(error: unknown): void;
  /** Changes of a document that the gate refuses were set aside: `reason` is its code. */
  refused(event: { readonly id: DocId; readonly changes: number; readonly reason: ChangeRefusalCode }): void;
}

/**
 * Takes up the changes that an earlier run journalled and did not seal. If the chain could not go on (a crash, a copy, a restored
 * backup), they are rewritten to a new incarnation's actor first: the gate has no exception. Changes that build on something this
 * store has lost wait in the journal until it is here again, and changes under a key that was taken away until it is shared again.
 * SECURITY: what the gate refuses is set aside, kept, and tried again the next time: it keeps nothing of other documents from being
 * opened and sealed (refused-rows.test.ts).
 *
 * @returns the documents with changes that build on what is not here, or counts no more
 */
export async function adoptJournal(at: Adoption): Promise<ReadonlySet<DocId>> {
  const { journal, chain, documents, ownChanges, verifier, report } = at;
  const { current } = chain;
  const dead = journal.rows.filter((row) => at.purged.has(docIdOf(row)));
  const lost = journal.rows.filter((row) => at.isLost(row.keyId) && !dead.includes(row));
  const over = journal.rows.filter((row) => at.isStoodFor(row));
  const { ready, refused } = sortRows(without(journal.rows, [...lost, ...dead, ...over]), {
    verifier,
    documents,
    ownChanges,
    current,
  });
  const taken = ready.flatMap(({ rows }) => rows);
  const aside = without(journal.rows, taken);
  const isOfOther = ({ writer }: { readonly writer: WriterKey }) => current === null || !equalBytes(writer, current);
  // What an actor makes behind a change that waits would stand in its place.
  const stale = ready.some(isOfOther) || !aside.every(isOfOther);
  if (stale || aside.length > 0) await rewrite(at, ready, stale ? await chain.begin() : null);
  for (const { rows, code } of refused) {
    const [first] = rows;
    report(
      new CoreError(
        "JOURNAL_REFUSED",
        `changes of a document were set aside, which every replica would refuse: ${code}`,
      ),
    );
    if (first !== undefined) at.refused({ id: docIdOf(first), changes: rows.length, reason: code });
  }
  if (lost.length > 0) report(new CoreError("JOURNAL_WAITING", "changes wait for a key that is not shared any more"));
  for (const row of journal.sealable) {
    ownChanges.take(documents.ensure(row), row.writer, row.kind, row.change);
    if (row.counter !== null) chain.reserveCounter(row.counter);
  }
  const waiting = without(aside, [...lost, ...dead, ...over, ...refused.flatMap(({ rows }) => rows)]);
  return new Set(waiting.map(docIdOf));
}

function without(rows: readonly JournalRow[], others: readonly JournalRow[]): readonly JournalRow[] {
  if (others.length === 0) return rows;
  const left = new Set(others);
  return rows.filter((row) => !left.has(row));
}

/** Rewrites what is ready, to this writer if there is one, and sets the rest aside. */
async function rewrite(
  { verifier, journal, chain }: Adoption,
  ready: readonly Group[],
  writer: WriterKey | null,
): Promise<void> {
  const { sha256 } = verifier;
  const rewritten = new Map<JournalRow, JournalRow>();
  for (const { rows, places, chunks, ...place } of ready) {
    const author =
      writer === null ? null : { actor: actorOf(verifier, writer, documentIdOf(place), null), firstSeq: 1 };
    const changes = author === null ? chunks : reauthorChanges(chunks, author, sha256);
    for (const [at, made] of rows.entries()) {
      // What was made first comes first, also where it came into the journal later.
      const before = places[at] ?? made;
      const row = { ...made, frontier: before.frontier };
      // The document keeps the id the app knows, so it is named by stem: its counter belongs to the incarnation that is gone.
      const chunk = changes[at];
      const mine =
        writer === null || chunk === undefined ? row : { ...row, writer, counter: null, change: chunk.bytes, chunk };
      rewritten.set(before, mine);
    }
  }
  await journal.replace((row) => rewritten.get(row) ?? null, writer === null ? [] : [await chain.row()]);
}
