import type { Patch } from "../automerge/patch.ts";
import type { Doc } from "../document/doc-handle.ts";
import type { DocId } from "../document/doc-id.ts";
import type { WaitOptions } from "../unless-aborted.ts";

/** How a change is made. */
export interface ChangeOptions {
  /** What it is for, as the history tells it: up to 1,024 bytes. */
  readonly message?: string;
}

/**
 * A moment of the past: a time, or heads as `Doc.getHeads` and `HistoryItem.heads` give them. Heads are exact. A time goes by what
 * authors claim; a change counts as made no earlier than all that it builds on, and one of which nobody says when as made right after it.
 */
export type When = Date | readonly string[];

/**
 * Who answers for a change: its author, who signed it in this document; another, who tells of it (`copyToKey`); this device, until an
 * entry holds it; nobody, as this device lost the entry.
 */
export type Verification = "signed" | "told" | "unsealed" | "lost";

/** A document as it was: not live, so that nothing can be done with it but to read it. */
export type PastDoc<T extends object> = Omit<Doc<T>, "on">;

/** One change of a document, and what is known of it. */
export interface HistoryItem {
  /** Whether it changed the document's data, as its first change does too, or deleted or undeleted it. */
  readonly kind: "change" | "delete" | "undelete";
  /** The entry that holds it, in hex; null for a change that was made here and that no entry holds yet. */
  readonly entryId: string | null;
  readonly verification: Verification;
  /** The name of its author; null when the directory knows of nobody. */
  readonly author: string | null;
  /** The id of the device it was made on, in hex. */
  readonly device: string | null;
  /**
   * Who says so, where nobody signed it in this document: the name of the person who made the document go on from another
   * (`copyToKey`). Null for a change that its author signed.
   */
  readonly toldBy: string | null;
  /** When its author says that it was made, to five minutes where much was made offline; null when nobody says. */
  readonly claimedTime: Date | null;
  /** What its author says of it; null when nothing. */
  readonly message: string | null;
  /** The document's state with this change and what it builds on. */
  readonly heads: readonly string[];
}

/** What happened in the documents of a database, for who only looks. What goes by times or authors reads the chains of the authors anew, until the signal says otherwise. */
export interface ReadableHistory<T extends object> {
  /** The changes of a document that count, each after those it builds on. @throws CoreError DOC_NOT_FOUND */
  changes(id: DocId, options?: WaitOptions): AsyncIterable<HistoryItem>;
  /** A document as it was; undefined when it was not there yet, and a deleted one, with nothing in it, when it was deleted. @throws CoreError DOC_NOT_FOUND | HEADS_UNKNOWN | VALUE_UNSUPPORTED for an invalid date */
  getDocumentAt(id: DocId, when: When, options?: WaitOptions): Promise<PastDoc<T> | undefined>;
  /**
   * The documents that existed and were not deleted. Heads are those of many documents: one that none of them is of did not exist.
   * @throws CoreError HEADS_UNKNOWN | VALUE_UNSUPPORTED
   */
  getAllDocumentIdsAt(when: When, options?: WaitOptions): Promise<readonly DocId[]>;
  /** Automerge patches from the data at one moment to that at another; of a document that was deleted, or not there yet, there is none. @throws CoreError DOC_NOT_FOUND | HEADS_UNKNOWN | VALUE_UNSUPPORTED */
  diff(id: DocId, a: When, b: When, options?: WaitOptions): Promise<readonly Patch[]>;
}

/** The same, for who may change the documents. */
export interface History<T extends object> extends ReadableHistory<T> {
  /**
   * Makes a document again what it was, by a new change: what happened since stays in its history. A deleted one is undeleted first.
   * @throws CoreError DOC_NOT_FOUND, also when it was deleted or not there at that moment | HEADS_UNKNOWN | SCHEMA_MISMATCH | VALUE_UNSUPPORTED | WRITE_NOT_ALLOWED | NOT_ENTITLED
   */
  restore(doc: Doc<T> | DocId, when: When, options?: ChangeOptions): Promise<Doc<T>>;
}
