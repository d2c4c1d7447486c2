import type { Expression } from "../expression/expression.ts";
import type { Origin } from "../expression/scope.ts";

/** A part of documents that is searched. */
export interface SearchField {
  /** The text of an expression, or an expression; the field of its own name when nothing is said. Texts, numbers and lists of these are searched. */
  readonly value?: string | Expression;
  /** What a word in it weighs against one in another field, above 0; 1 when nothing is said. */
  readonly boost?: number;
}

/** What comes with a document whose texts are taken from elsewhere. */
export interface Extraction {
  readonly origin: Origin;
  /** Ends it: the index is closed, and nobody waits any more. */
  readonly signal: AbortSignal;
}

/** How a database is searched. */
export interface SearchDeclaration<T extends object> {
  /** Names it among those of its database; `search` when nothing is said. */
  readonly name?: string;
  /** Up to 16, by name: `["title", "text"]`, or `{ title: { boost: 2 }, text: {} }`. */
  readonly fields: readonly string[] | Readonly<Record<string, SearchField>>;
  /** For words of scripts without spaces, as in `Intl.Segmenter`; `en` when nothing is said. */
  readonly language?: string;
  /**
   * Gives texts that do not stand in a document itself, those of its attachments for example, by the names of fields: they follow the field's own.
   * Called anew whenever the document changes, one document at a time. What it throws is named as that document's failure; the rest is found.
   */
  readonly extract?: (data: Readonly<T>, extraction: Extraction) => Promise<Readonly<Record<string, string>>>;
  /** To be counted up whenever `extract` is changed: the index is then made again. From 1, which it is when nothing is said. */
  readonly version?: number;
}
