export type { Connection, ConnectionStatus } from "./connection/link.ts";
export type { Database, DatabaseEvents, Draft } from "./database/database.ts";
export { identityFingerprint, newIdentity, publicKeysOf } from "./directory/identity.ts";
export type { JoinRequest } from "./directory/join-request.ts";
export type { JoinResponse } from "./directory/join-response.ts";
export type { Role } from "./directory/statement.ts";
export type { Doc } from "./document/doc-handle.ts";
export type { DocId } from "./document/doc-id.ts";
export { CoreError, type CoreErrorCode } from "./errors.ts";
export type { Off } from "./events.ts";
export type { Platform } from "./platform.ts";
export { SyncedReplica } from "./replica/synced-replica.ts";
export type {
  Alarm,
  AlarmCode,
  Approval,
  ConnectOptions,
  Device,
  Directory,
  Invitation,
  InvitedBy,
  ReceivedRequest,
  Tenant,
  TenantEvents,
  User,
} from "./tenant/tenant.ts";
export type { KeyBagFile } from "./tenant/tenant-context.ts";
export { createTenant, joinTenant, newJoinRequest, openTenant, type TenantHost } from "./tenant/tenant-host.ts";
