// The end of a transaction: what was made aside is put into the documents, all of it or nothing.
import { equalBytes, fromHex, toHex, type WriterKey } from "@selkie/entry";
import { actorOf } from "../automerge/actor.ts";
import type { ChangeChunk } from "../automerge/change-chunk.ts";
import { type DocumentRecord, editsOf } from "../document/document-record.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DatabaseParts } from "./database-parts.ts";
import type { LocalChange } from "./local-writes.ts";

/** A document as a transaction has it. */
export interface Staged {
  /** What nobody else sees; of a document that the transaction creates what becomes the document. */
  readonly shadow: DocumentRecord;
  /** The document that everybody sees, and what it was when the transaction came to it; null for a new one. */
  readonly base: {
    readonly record: DocumentRecord;
    readonly changes: readonly Uint8Array[];
    readonly lastSeq: number;
  } | null;
  /** The document's counter when it is created by one. */
  readonly counter: number | null;
  readonly changes: { readonly kind: ChangeKind; readonly bytes: Uint8Array }[];
}

/** What a transaction made. */
export interface Made {
  /** Whose changes they are. */
  readonly writer: WriterKey;
  readonly staged: readonly Staged[];
}

/** What became of it, in the line of one of its documents. */
export type Placed =
  | { readonly type: "placed"; readonly durable: Promise<void> }
  /** Others are in the line of another of its documents. */
  | { readonly type: "busy"; readonly record: DocumentRecord }
  /** A document has changed since. */
  | { readonly type: "outdated" };

/** The document that a staged one is, or becomes. */
export function documentOf({ base, shadow }: Staged): DocumentRecord {
  return base?.record ?? shadow;
}

/**
 * Puts it into the documents and the journal, in the line of one of them; `others` are in nobody's line, or nothing is done.
 * @throws CoreError TRANSACTION_TOO_LARGE | CHANGE_REFUSED | WRITE_NOT_ALLOWED | NOT_ENTITLED | CLOSED; nothing is done
 */
export async function place(parts: DatabaseParts, made: Made, others: readonly DocumentRecord[]): Promise<Placed> {
  const { writes, shelf } = parts;
  await writes.enter();
  try {
    const busy = others.find(({ edits }) => edits?.isRunning === true);
    if (busy !== undefined) return { type: "busy", record: busy };
    // INVARIANT: nothing is awaited before all of it has its place in the journal. Test: transactions.test.ts.
    parts.mayWrite();
    if (!made.staged.every((staged) => isAsItWas(parts, made.writer, staged))) return { type: "outdated" };
    const locals: LocalChange[] = [];
    const durable = journalAll(parts, made, locals);
    const seen = made.staged.flatMap(({ base }) => (base === null ? [] : [base.record]));
    const shown = shelf.showAll(seen.map((record) => [record, changesOf(locals, record).map(({ bytes }) => bytes)]));
    const isOver = shown.catch(() => undefined);
    for (const other of others) void editsOf(other).run(() => isOver); // nobody edits what is not shown yet
    await shown;
    return { type: "placed", durable };
  } finally {
    writes.leave();
  }
}

/** Others' changes may have come; this device's own, or changes that are gone, are another ground than that of the transaction. */
function isAsItWas({ documents, writes }: DatabaseParts, writer: WriterKey, { shadow, base }: Staged): boolean {
  if (writes.writer === null || !equalBytes(writes.writer, writer)) return false;
  if (base === null) return documents.get(shadow.name) === undefined;
  const { record, changes, lastSeq } = base;
  const actor = actorOf(documents.verifier, writer, fromHex(record.name), null);
  return (
    documents.get(record.name) === record &&
    !record.deleted &&
    changes.every((change, at) => record.changes[at] === change) &&
    documents.histories.of(record).lastSeq(actor) === lastSeq
  );
}

/** Puts it all through the gate, into the documents and the journal; or nothing. `locals` are what it has put into documents. */
function journalAll(parts: DatabaseParts, made: Made, locals: LocalChange[]): Promise<void> {
  try {
    for (const staged of made.staged) take(parts, made.writer, { staged, locals });
    return parts.writes.journalTogether(locals);
  } catch (error) {
    for (const staged of made.staged) takeBack(parts, staged, locals);
    throw error;
  }
}

function take(
  { documents, ownChanges, writes }: DatabaseParts,
  writer: WriterKey,
  { staged, locals }: { readonly staged: Staged; readonly locals: LocalChange[] },
): void {
  const { shadow, base, counter, changes } = staged;
  const record = documentOf(staged);
  writes.requireRight(record.keyId);
  if (base === null) {
    shadow.changes = [];
    documents.take(shadow);
  }
  for (const { kind, bytes } of changes) {
    const chunk = ownChanges.take(record, writer, kind, bytes);
    locals.push({ writer, record, kind, counter: kind === "create" ? counter : null, bytes, chunk });
  }
}

function takeBack({ documents }: DatabaseParts, staged: Staged, locals: readonly LocalChange[]): void {
  const record = documentOf(staged);
  documents.withdraw(record, new Set(changesOf(locals, record).map(({ hash }) => toHex(hash))));
  if (staged.base === null) documents.forget(record);
}

function changesOf(locals: readonly LocalChange[], of: DocumentRecord): readonly ChangeChunk[] {
  return locals.flatMap(({ record, chunk }) => (record === of && chunk !== undefined ? [chunk] : []));
}
