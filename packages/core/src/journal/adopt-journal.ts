import { equalBytes, type Verifier } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import { parseChange, type Sha256 } from "../automerge/change-chunk.ts";
import { reauthorChanges } from "../automerge/reauthor.ts";
import type { Documents } from "../document/documents.ts";
import type { WriterChain } from "../writer/writer-chain.ts";
import type { Journal } from "./journal.ts";
import type { JournalRow } from "./journal-row.ts";

/**
 * Takes up the changes that an earlier run journalled and did not seal. If the chain could not go on (a crash, a copy, a restored
 * backup), they are rewritten to the new incarnation's actor first: the gate has no exception.
 */
export async function adoptJournal(
  verifier: Verifier,
  journal: Journal,
  chain: WriterChain,
  documents: Documents,
): Promise<void> {
  const { current } = chain;
  const stale = journal.rows.some((row) => current === null || !equalBytes(row.writer, current));
  if (stale) await rewrite(verifier, journal, chain);
  for (const row of journal.rows) {
    const record = documents.ensure(row.document);
    documents.own(record, row.writer, row.kind, row.change);
    record.keyId ??= row.keyId;
    if (row.counter !== null) chain.reserveCounter(row.counter);
  }
}

async function rewrite(verifier: Verifier, journal: Journal, chain: WriterChain): Promise<void> {
  const writer = await chain.writer();
  const rewritten = new Map<JournalRow, JournalRow>();
  for (const rows of Map.groupBy(journal.rows, (row) => `${row.document.join()}/${row.writer.join()}`).values()) {
    const [first] = rows;
    if (first === undefined) continue;
    const sha256: Sha256 = (...chunks) => verifier.sha256(...chunks);
    const changes = reauthorChanges(
      rows.map(({ change }) => parseChange(change, sha256)),
      { actor: actorOf(verifier, writer, first.document, null), firstSeq: 1 },
      sha256,
    );
    // The document keeps the id the app knows, so it is named by id: its counter belongs to the incarnation that is gone.
    for (const [at, row] of rows.entries()) {
      rewritten.set(row, { ...row, writer, counter: null, change: changes[at]?.bytes ?? row.change });
    }
  }
  await journal.replace((row) => rewritten.get(row) ?? row, [await chain.row()]);
}
