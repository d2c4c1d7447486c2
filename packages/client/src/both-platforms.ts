// What the client exports on every platform.
export {
  type Alarm,
  type AlarmCode,
  type Approval,
  type Connection,
  type ConnectionStatus,
  type ConnectOptions,
  type CopyOptions,
  CoreError,
  type CoreErrorCode,
  type Counter,
  copyToKey,
  counter,
  type Database,
  type DatabaseEvents,
  type Device,
  type Directory,
  type Doc,
  type DocId,
  type Draft,
  type Fingerprint,
  type History,
  type HistoryItem,
  type HistoryPolicy,
  type Invitation,
  type InvitedBy,
  type JoinTexts,
  type KeyOptions,
  type MarkEnds,
  type Off,
  type PartsPolicy,
  type Path,
  type ReceivedRequest,
  type Role,
  type Root,
  readersGained,
  type Settings,
  type SettingsOf,
  type SettingValue,
  type Tenant,
  type TenantEvents,
  type TenantOptions,
  type TextDraft,
  type TextRange,
  type User,
} from "@selkie/core";
export { KeyBag, KeyBagError, type KeyBagErrorCode } from "@selkie/keybag";
export { type EntryStore, StoreError, type StoreErrorCode } from "@selkie/store";
export { type Dialler, pipe, SyncError, type SyncErrorCode, type Transport } from "@selkie/sync-protocol";
export type { Client, JoinRequest, JoinRequestOptions, JoinResponse, UserId } from "./client.ts";
export { ClientError, type ClientErrorCode } from "./client-error.ts";
export type { ClientStore, OpenedClientStore } from "./client-store.ts";
export { memory } from "./memory.ts";
