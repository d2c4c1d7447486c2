import { equalBytes, toHex, type WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import type { EntryRefusalCode } from "../replica/delivery.ts";
import { Quarantine } from "../replica/quarantine.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocId } from "./doc-id.ts";
import { actorIn, type DocumentRecord, newRecord } from "./document-record.ts";
import type { DocumentState } from "./document-state.ts";
import { Documents, type Replaced } from "./documents.ts";
import { ReceivedParts, type Rights } from "./received-parts.ts";
import { ReplacedChanges } from "./replaced-changes.ts";
import { THIS_DEVICE, WaitingChanges } from "./waiting-changes.ts";

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
    this.state = {
      documents: new Documents(verifier, before.documents.purged),
      waiting: new WaitingChanges(verifier),
      replaced: new ReplacedChanges(verifier),
      quarantine,
    };
    this.received = new ReceivedParts(this.state, rights, names);
    this.#names = names;
    this.#before = before;
  }

  /**
   * Takes out what its own device made anew, once all is there that may build on it.
   * INVARIANT: of the changes that pass in a document those count no more that their device says it replaced, but for those that something
   * else of these builds on: nobody takes back what others went on from. Test: replaced-changes.test.ts.
   */
  withdrawReplaced(): void {
    for (const name of this.#names) {
      const record = this.state.documents.get(name);
      if (record !== undefined && this.state.replaced.isSaidIn(name)) this.#withdraw(record);
    }
  }

  #withdraw(record: DocumentRecord): void {
    const { documents, replaced, quarantine } = this.state;
    const [withdrawn, needed, devices] = [new Set<string>(), new Set<string>(), new Set<string>()];
    // Dependencies stand first, so that what builds on a change was looked at before it.
    for (const bytes of record.changes.toReversed()) {
      const change = parseChange(bytes, documents.sha256);
      const hash = toHex(change.hash);
      const source = this.received.sources.get(hash);
      const isReplaced = source !== undefined && replaced.has(record.name, source.device, change);
      if (isReplaced && !needed.has(hash)) {
        withdrawn.add(hash);
        devices.add(source.device);
        const reason: EntryRefusalCode = "CHANGE_REPLACED";
        quarantine.add(source.entry, record.name, { user: source.user, reason });
      } else for (const dep of change.deps) needed.add(toHex(dep));
    }
    replaced.withdraw(record.name, withdrawn, devices);
    if (withdrawn.size > 0) documents.withdraw(record, withdrawn);
  }

  /**
   * Takes over the changes of this device that no entry holds yet, as far as what they build on still counts; the others wait.
   *
   * @param own the writer this device writes as
   * @returns whether anything waits that it made as this writer
   */
  keepOwn(own: WriterKey): boolean {
    const { documents } = this.#before;
    for (const name of this.#names) {
      const record = documents.get(name);
      if (record !== undefined && !documents.purged.has(name)) this.#keepOwnOf(record, own);
    }
    return [...this.#names].some((name) => this.state.waiting.touches(name, own));
  }

  /**
   * Replaces what the documents held by what was received here, all at once; nothing else moves.
   *
   * @returns what is new in each that changed
   */
  adopt(): ReadonlyMap<DocumentRecord, Replaced> {
    const { documents, waiting: waitingBefore, replaced: replacedBefore, quarantine } = this.#before;
    const replaced = new Map<DocumentRecord, Replaced>();
    for (const name of this.#names) {
      const record = documents.get(name);
      const result = this.state.documents.get(name);
      if (record !== undefined) {
        const outcome = documents.replace(record, result ?? newRecord(record));
        if (outcome !== "same") replaced.set(record, outcome);
      } else if (result !== undefined) {
        documents.take(result);
        replaced.set(result, result.changes);
      }
      waitingBefore.replace(name, this.state.waiting);
      replacedBefore.replace(name, this.state.replaced);
      quarantine.replace(name, this.state.quarantine);
    }
    return replaced;
  }

  #keepOwnOf(before: DocumentRecord, writer: WriterKey): void {
    const { documents } = this.state;
    const actor = actorIn(documents.verifier, before, writer);
    const record = documents.get(before.name) ?? newRecord(before);
    for (const { change, kind } of this.#madeBy(before, actor)) {
      if (documents.has(record, change.hash)) continue;
      const origin = this.#before.waiting.originOf(change) ?? { kind, entry: null, user: "", device: THIS_DEVICE };
      this.received.receiveOwn(record, actor, { change, origin });
    }
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
