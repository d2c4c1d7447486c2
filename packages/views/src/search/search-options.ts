import type { Query, QueryRow } from "../query/query.ts";

/** What is looked for, beside words. */
export interface SearchOptions extends Pick<Query, "where" | "join" | "select" | "limit" | "after" | "signal"> {
  /** The declared search that is asked; `search` when nothing is said. */
  readonly name?: string;
  /** The fields that are looked at; all when nothing is said. */
  readonly fields?: readonly string[];
  /** Whether words also stand for those that begin with them: all words, or the last one, which somebody may still be typing. */
  readonly prefix?: boolean | "last";
  /** Whether words also stand for similar ones: a fifth of a word's letters may be others, or this part of them, up to 3. */
  readonly fuzzy?: boolean | number;
  /** Whether documents have to match all words, or one of them, which they do when nothing is said. */
  readonly combine?: "and" | "or";
  /** Whether rows say where words stand in their texts. */
  readonly highlights?: boolean;
}

/** Where words stand in a text: code units from one up to another, in order. */
export interface Highlight {
  /** What the field says in the document itself. */
  readonly text: string;
  readonly ranges: readonly (readonly [start: number, end: number])[];
}

/** A document that was found. The first rows match best; its `key` is what `after` goes on from. */
export interface SearchRow<R extends object> extends QueryRow<R> {
  /** Above 0. It says something beside those of the same search alone. */
  readonly score: number;
  /** By the names of fields that something was found in. Empty unless it was asked for. */
  readonly highlights: Readonly<Record<string, Highlight>>;
}
