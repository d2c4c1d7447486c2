import type { WriterKey } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../automerge/change-chunk.ts";
import { type ChangeRefusalCode, madeHere, refusalOf, tooLarge } from "../automerge/change-error.ts";
import { changeLimits, mostPlainOps } from "../automerge/change-limits.ts";
import { type GateVerdict, gate, gateFirst } from "../automerge/gate.ts";
import { plainFits } from "../automerge/part-work.ts";
import { CoreError } from "../errors.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { DocumentPlace } from "../sealing/document-id.ts";
import { docIdOf } from "./doc-id.ts";
import { actorIn, type DocumentRecord } from "./document-record.ts";
import type { Documents } from "./documents.ts";
import type { WaitingChanges } from "./waiting-changes.ts";

/** The way of what this device makes into its documents: the gate has no exception, nor has the order of a chain. */
export class OwnChanges {
  readonly #documents: Documents;
  readonly #waiting: WaitingChanges;

  constructor(documents: Documents, waiting: WaitingChanges) {
    this.#documents = documents;
    this.#waiting = waiting;
  }

  /** A change this device just made. @throws CoreError CHANGE_TOO_LARGE | CHANGE_REFUSED */
  take(record: DocumentRecord, writer: WriterKey, kind: ChangeKind, change: Uint8Array): ChangeChunk {
    const { verifier, sha256, histories } = this.#documents;
    const chunk = madeHere(() => parseChange(change, sha256));
    const actor = actorIn(verifier, record, writer);
    this.#requireOrder(record, actor);
    const verdict = gate(chunk, { history: histories.of(record), actor });
    if (verdict.type === "pass") this.#documents.admit(record, chunk, kind);
    else if (verdict.type !== "known") throw refused(verdict);
    return chunk;
  }

  /**
   * The first change of a document that this device creates among many others: nothing else is known of it, and nothing is remembered.
   * @throws CoreError CHANGE_TOO_LARGE | CHANGE_REFUSED
   */
  takeFirst(record: DocumentRecord, actor: Uint8Array, chunk: ChangeChunk): void {
    const verdict = gateFirst(chunk, actor);
    if (verdict.type !== "pass") throw refused(verdict);
    this.#documents.admit(record, chunk, "create");
  }

  /**
   * A plain change this device just made, of which nothing can be refused: the gate looks at it later, with others, which costs a third.
   * SECURITY: D12. It names every value that it takes the place of, and others may have written any number of them at one place: where
   * they could be too many it is for `take` to say so, before the change is durable (plain-changes.test.ts).
   * @returns false when it may be too large: nothing was done
   * @throws CoreError CHANGE_REFUSED when it follows on changes that wait
   */
  takePlain(record: DocumentRecord, writer: WriterKey, change: Uint8Array): boolean {
    const { verifier, histories } = this.#documents;
    const preds = histories.mostOps(record) + mostPlainOps;
    if (change.length > changeLimits.bytes || !plainFits(preds)) return false;
    this.#requireOrder(record, actorIn(verifier, record, writer));
    record.changes.push(change);
    return true;
  }

  /**
   * Puts what `takePlain` took through the gate: before it is part of an entry. Rows keep what was parsed for it.
   * @returns whether all of it passes; what does not, and what follows it, is gone from its document
   */
  judge(rows: readonly Pick<JournalRow, keyof DocumentPlace | "change" | "chunk">[]): boolean {
    let isPassed = true;
    const byBytes = new Map(rows.map((row) => [row.change, row]));
    const passed = (chunk: ChangeChunk): void => {
      const row = byBytes.get(chunk.bytes);
      if (row !== undefined) row.chunk = chunk;
    };
    for (const name of new Set(rows.map(docIdOf))) {
      const record = this.#documents.get(name);
      if (record !== undefined && !this.#documents.histories.cut(record, passed)) isPassed = false;
    }
    return isPassed;
  }

  /** What the gate would say of changes of one actor, one after the other, none of which is taken. */
  verdictOn(
    record: DocumentRecord,
    actor: Uint8Array,
    changes: readonly ChangeChunk[],
  ): "pass" | "held" | ChangeRefusalCode {
    const { histories } = this.#documents;
    const history = histories.of(record);
    try {
      if (this.#waiting.blocks(record.name, actor)) return "held";
      for (const change of changes) {
        const verdict = gate(change, { history, actor });
        if (verdict.type === "refused") return verdict.code;
        if (verdict.type === "held") return "held";
      }
      return "pass";
    } finally {
      histories.forget(record); // it holds what passed just now, and the record does not
    }
  }

  /** Of changes that are made for one actor, one after the other, as many as the gate lets pass; none is taken. */
  passing(
    record: DocumentRecord,
    actor: Uint8Array,
    changes: Iterable<ChangeChunk | null>,
  ): readonly (ChangeChunk | null)[] {
    const { histories } = this.#documents;
    const history = histories.of(record);
    const passed: (ChangeChunk | null)[] = [];
    // One may be too large to be made.
    refusalOf(() => {
      for (const change of changes) {
        if (change !== null && gate(change, { history, actor }).type !== "pass") return;
        passed.push(change);
      }
    });
    histories.forget(record); // it holds what passed just now, and the record does not
    return passed;
  }

  #requireOrder(record: DocumentRecord, actor: Uint8Array): void {
    if (this.#waiting.blocks(record.name, actor))
      throw new CoreError("CHANGE_REFUSED", "earlier changes of this device in the document wait: try again");
  }
}

function refused(verdict: GateVerdict): CoreError {
  if (verdict.type === "refused" && verdict.code === "CHANGE_TOO_LARGE") return tooLarge();
  const why = verdict.type === "refused" ? verdict.code : "its dependencies are missing";
  return new CoreError("CHANGE_REFUSED", `every replica would refuse this change: ${why}`);
}
