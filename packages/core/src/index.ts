export type { ChangeRefusalCode } from "./automerge/change-error.ts";
export { type Counter, counter, isCounter } from "./automerge/counter.ts";
export type { MarkEnds, Path, TextDraft, TextMark, TextRange } from "./automerge/draft-text.ts";
export type { MarkStep, Patch } from "./automerge/patch.ts";
export type { BlobKeys } from "./blobs/blob-keys.ts";
export type { BlobRoom } from "./blobs/blob-room.ts";
export type { Connection, ConnectionStatus } from "./connection/connection.ts";
export { type CopyOptions, copyToKey, readersGained } from "./database/copy-to-key.ts";
export type { DatabaseEvents, DatabaseTransaction, Draft } from "./database/database.ts";
export { followChanges, keepCursors } from "./database/follow-changes.ts";
export type {
  ChangeOptions,
  History,
  HistoryItem,
  PastDoc,
  ReadableHistory,
  Verification,
  When,
} from "./database/history.ts";
export {
  derivedNamesOf,
  derivedRowsOf,
  docIdNamed,
  dropDerivedRows,
  othersFirst,
  whenVerified,
} from "./database/over-database.ts";
export type { PendingPurge, PurgeOptions, PurgeReport } from "./database/purge-report.ts";
export { marksOf, valuesAt } from "./database/read-document.ts";
export type { ReadableDatabase } from "./database/readable-database.ts";
export { type ScannedDocument, scanDocuments } from "./database/scan-documents.ts";
export type { Schema, SchemaIssue } from "./database/schema-check.ts";
export type { RejectionCode } from "./directory/admission.ts";
export { identityFingerprint, newIdentity, publicKeysOf } from "./directory/identity.ts";
export type { JoinRequest } from "./directory/join-request.ts";
export type { JoinResponse } from "./directory/join-response.ts";
export type { JoinTexts } from "./directory/join-uri.ts";
export type { Role, SettingValue } from "./directory/statement.ts";
export { ATTACHMENTS } from "./document/attachments-field.ts";
export type { ChangeOrigin, Doc } from "./document/doc-handle.ts";
export { type DocId, parseDocId } from "./document/doc-id.ts";
export { CoreError, type CoreErrorCode } from "./errors.ts";
export type { Off } from "./events.ts";
export type { Cursor } from "./feed/cursor.ts";
export type { FeedItem, FeedItemType, FeedOptions, RevisionItem, RevisionOptions } from "./feed/feed-item.ts";
export type { HistoryPolicy } from "./keys/permit-bundle.ts";
export type { DerivedRows } from "./local/derived-rows.ts";
export type { Platform } from "./platform.ts";
export type { Quarantined, QuarantineReason } from "./replica/quarantine.ts";
export { SyncedReplica } from "./replica/synced-replica.ts";
export { Serial } from "./serial.ts";
export { blobRoomOf } from "./tenant/blob-room-of.ts";
export type { HeadsComparison, HeadsDifference, HeadsVerdict } from "./tenant/heads-comparison.ts";
export type { ChangedRights, RevokeDeviceOptions, Revoked, RevokeOptions } from "./tenant/people-work.ts";
export type { Settings, SettingsOf } from "./tenant/settings.ts";
export type {
  Alarm,
  AlarmCode,
  Approval,
  ConnectOptions,
  Device,
  Directory,
  Fingerprint,
  Invitation,
  InvitedBy,
  KeyOptions,
  OpenOptions,
  PastDatabase,
  PastOptions,
  ReceivedRequest,
  RemoteOptions,
  Root,
  Tenant,
  TenantDatabase as Database,
  TenantEvents,
  TenantRemoteDatabase as RemoteDatabase,
  User,
} from "./tenant/tenant.ts";
export type { KeyBagFile, PartsPolicy } from "./tenant/tenant-context.ts";
export {
  createTenant,
  joinTenant,
  newJoinRequest,
  openTenant,
  type RequestOptions,
  type TenantHost,
  type TenantOptions,
} from "./tenant/tenant-host.ts";
export { finishWipes } from "./tenant/wipe.ts";
export { unlessAborted, type WaitOptions } from "./unless-aborted.ts";
