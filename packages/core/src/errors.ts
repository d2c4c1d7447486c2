/** Every way in which core refuses to go on. Codes are API: `docs/errors.md` says what the user should do about each. */
export type CoreErrorCode =
  | "BLOBS_UNSENT"
  | "BRANCH_UNKNOWN"
  | "CHANGE_CLOSED"
  | "CHAIN_BROKEN"
  | "CHAIN_DAMAGED"
  | "CHANGE_REFUSED"
  | "CHANGE_TOO_LARGE"
  | "CLOSED"
  | "CONNECTION_REFUSED"
  | "CURSOR_INVALID"
  | "DATABASE_OTHER"
  | "DEVICE_OF_OTHER"
  | "DEVICE_REVOKED"
  | "DEVICE_UNKNOWN"
  | "DIRECTORY_STALE"
  | "DIRECTORY_UNKNOWN"
  | "DOC_DELETED"
  | "DOC_EXISTS"
  | "DOC_ID_MALFORMED"
  | "DOC_NOT_FOUND"
  | "DOC_PURGED"
  | "ENTRIES_LOST"
  | "ENTRY_TOO_LARGE"
  | "ENTRY_UNKNOWN"
  | "HEADS_MALFORMED"
  | "HEADS_NOT_OF_MEMBER"
  | "HEADS_OF_OTHER_TENANT"
  | "HEADS_UNKNOWN"
  | "IDENTITY_UNKNOWN"
  | "INVITATIONS_FULL"
  | "INVITATION_UNKNOWN"
  | "JOIN_KIND_OTHER"
  | "JOIN_MALFORMED"
  | "JOIN_NOT_FOR_US"
  | "JOIN_NOT_FROM_INVITER"
  | "JOURNAL_FAILED"
  | "JOURNAL_REFUSED"
  | "JOURNAL_WAITING"
  | "KEY_EXISTS"
  | "KEY_INADMISSIBLE"
  | "KEY_UNAUTHENTIC"
  | "KEY_UNKNOWN"
  | "KEY_WITHHELD"
  | "LAST_ADMIN"
  | "LOCAL_STATE_DAMAGED"
  | "NAME_INVALID"
  | "NOT_ADMIN"
  | "NOT_ENTITLED"
  | "NOT_PERMITTED"
  | "PART_MALFORMED"
  | "PART_MISSING"
  | "QUOTA_EXCEEDED"
  | "READERS_UNNAMED"
  | "RELAY_FULL"
  | "REPLICA_OFFLINE"
  | "REPLICA_OTHER"
  | "ROOT_KEY_UNKNOWN"
  | "ROOT_REFUSED"
  | "SCHEMA_ASYNC"
  | "SCHEMA_MISMATCH"
  | "STATEMENT_MALFORMED"
  | "TENANT_EXISTS"
  | "TOO_MANY_CHAINS"
  | "TOO_MANY_DATABASES"
  | "TRANSACTION_CONFLICT"
  | "TRANSACTION_TOO_LARGE"
  | "UPDATE_NEEDED"
  | "USER_AMBIGUOUS"
  | "USER_UNKNOWN"
  | "VALUE_UNSUPPORTED"
  | "WRITE_NOT_ALLOWED";

/** An error of `@selkie/core`; switch on `code`, never on the message. */
export class CoreError extends Error {
  override readonly name = "CoreError";
  readonly code: CoreErrorCode;
  /** Of many rows the one that is to blame, from 0; null where there are no rows. */
  readonly row: number | null;
  /** Where in the data of a document a value is that cannot be stored: names of fields and indexes of lists, which no message repeats. */
  readonly path: readonly (string | number)[] | null;

  constructor(
    code: CoreErrorCode,
    message: string,
    options: { cause?: unknown; row?: number; path?: readonly (string | number)[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.row = options.row ?? null;
    this.path = options.path ?? null;
  }
}
