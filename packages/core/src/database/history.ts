import type { DocId } from "../document/doc-id.ts";

/** One change of a document, and what is known of it. */
export interface HistoryItem {
  /** The entry that holds it, in hex; null for a change that was made here and that no entry holds yet. */
  readonly entryId: string | null;
  /** The name of its author; null when the directory knows of nobody. */
  readonly author: string | null;
  /** The id of the device it was made on, in hex. */
  readonly device: string | null;
  /**
   * Who says so, where nobody signed it in this document: the name of the person who made the document go on from another
   * (`copyToKey`). Null for a change that its author signed.
   */
  readonly toldBy: string | null;
  /** When its author says that it was made; null when nobody says. */
  readonly claimedTime: Date | null;
  /** The document's state with this change and what it builds on. */
  readonly heads: readonly string[];
}

/** What happened in the documents of a database. */
export interface History {
  /** The changes of a document that count, each after those it builds on. Reads the chains of its authors anew. @throws CoreError DOC_NOT_FOUND */
  changes(id: DocId): AsyncIterable<HistoryItem>;
}
