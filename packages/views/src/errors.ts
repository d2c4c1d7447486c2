/** Every way in which views refuse to go on. Codes are API: `docs/errors.md` says what the user should do about each. */
export type ViewErrorCode =
  | "CLOSED"
  | "EXPRESSION_INVALID"
  | "EXPRESSION_TOO_COSTLY"
  | "INDEX_DAMAGED"
  | "INDEX_ENTRY_INVALID"
  | "INDEX_OPEN"
  | "INDEXER_INVALID"
  | "KEY_INVALID"
  | "QUERY_INVALID"
  | "QUERY_TOO_COSTLY"
  | "SEARCH_INVALID"
  | "VIEW_INVALID";

/** Where an expression is wrong: the offset of a character in its text, or the way to a part of it, argument by argument. */
export type ExpressionPlace = { readonly offset: number } | { readonly path: readonly number[] };

export class ViewError extends Error {
  override readonly name = "ViewError";
  readonly code: ViewErrorCode;
  /** Null for what is no error in an expression. */
  readonly place: ExpressionPlace | null;

  constructor(code: ViewErrorCode, message: string, place: ExpressionPlace | null = null) {
    super(message);
    this.code = code;
    this.place = place;
  }
}
