import { equalBytes, toHex, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { Quarantine } from "../replica/quarantine.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocId } from "./doc-id.ts";
import { actorIn, type DocumentRecord, newRecord } from "./document-record.ts";
import type { DocumentState } from "./document-state.ts";
import { Documents, type Replaced } from "./documents.ts";
import { ReceivedParts, type Rights } from "./received-parts.ts";
import { WaitingChanges } from "./waiting-changes.ts";

/** What became of documents that were rebuilt. */
export interface Adopted {
  /** What is new in each that changed. */
  readonly replaced: ReadonlyMap<DocumentRecord, Replaced>;
  /** By document: how many changes of this device build on something that counts no more. */
  readonly waiting: ReadonlyMap<DocId, number>;
}

/** Some documents of a database beside themselves, with nothing in them: to be fed what the store holds, as a fresh open would. */
export class RebuiltDocuments {
  readonly state: DocumentState;
  readonly received: ReceivedParts;
  readonly #names: ReadonlySet<DocId>;
  /** What they take the place of. */
  readonly #before: DocumentState;

  constructor(before: DocumentState, rights: Rights, names: ReadonlySet<DocId>) {
    const { verifier } = before.documents;
    const quarantine = new Quarantine(() => undefined); // `adopt` announces what is new
    this.state = { documents: new Documents(verifier), waiting: new WaitingChanges(verifier), quarantine };
    this.received = new ReceivedParts(this.state, rights, names);
    this.#names = names;
    this.#before = before;
  }

  /**
   * Replaces what the documents held by what was received here, all at once; nothing else moves. Changes of this device that no entry
   * holds yet stay, as far as what they build on still counts.
   *
   * @param own the writer this device writes as
   */
  adopt(own: WriterKey | null): Adopted {
    const { documents, waiting: waitingBefore, quarantine } = this.#before;
    const replaced = new Map<DocumentRecord, Replaced>();
    const waiting = new Map<DocId, number>();
    for (const name of this.#names) {
      const record = documents.get(name);
      const waits = record === undefined || own === null ? 0 : this.#keepOwn(record, own);
      if (waits > 0) waiting.set(name, waits);
      const result = this.state.documents.get(name);
      if (record !== undefined) {
        const outcome = documents.replace(record, result ?? newRecord(record));
        if (outcome !== "same") replaced.set(record, outcome);
      } else if (result !== undefined) {
        documents.take(result);
        replaced.set(result, result.changes);
      }
      waitingBefore.replace(name, this.state.waiting);
      quarantine.replace(name, this.state.quarantine);
    }
    return { replaced, waiting };
  }

  /** Takes this device's own changes over from a record that is about to be replaced; gives how many have to wait. */
  #keepOwn(before: DocumentRecord, writer: WriterKey): number {
    const { documents } = this.state;
    const actor = actorIn(documents.verifier, before, writer);
    const record = documents.get(before.name) ?? newRecord(before);
    let waiting = 0;
    for (const { change, kind } of this.#madeBy(before, actor)) {
      if (documents.has(record, change.hash)) continue;
      const origin = this.#before.waiting.originOf(change) ?? { kind, entry: null, user: "" };
      this.received.receiveOwn(record, actor, { change, origin });
      if (!documents.has(record, change.hash)) waiting += 1;
    }
    return waiting;
  }

  /** An actor's changes in a document as it was, in order: those that counted, then those that waited. */
  *#madeBy(
    record: DocumentRecord,
    actor: Uint8Array,
  ): Iterable<{ readonly change: ChangeChunk; readonly kind: ChangeKind }> {
    const { documents, waiting } = this.#before;
    if (documents.histories.of(record).actorOf(actor) >= 0) {
      const marks = new Map(record.marks.map(({ hash, deleted }) => [toHex(hash), deleted]));
      for (const bytes of record.changes) {
        const change = parseChange(bytes, documents.sha256);
        if (!equalBytes(change.actor, actor)) continue;
        const deleted = marks.get(toHex(change.hash));
        yield { change, kind: deleted === undefined ? "change" : deleted ? "delete" : "undelete" };
      }
    }
    for (const change of waiting.of(record.name, actor))
      yield { change, kind: waiting.originOf(change)?.kind ?? "change" };
  }
}
