// What a session does before any database but the directory is opened in it.
import { type Session, SyncError } from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { AccessDocuments } from "./access-documents.ts";
import type { Presenting } from "./presenting.ts";
import type { SessionDatabases } from "./session-databases.ts";
import type { Unstored } from "./unstored.ts";

/** A session that is up, and its databases. */
export interface Admitted {
  readonly session: Session;
  readonly databases: SessionDatabases;
  /** What a relay is told about who may connect; null for a peer. */
  readonly documents: AccessDocuments | null;
  /** What a relay has no room for; null for a peer. */
  readonly unstored: Unstored | null;
}

export interface DirectoryFirstContext {
  /** Of this tenant. */
  readonly directory: SyncedReplica;
  readonly signal: AbortSignal;
  /** Whether the directory says that this device has no rights any more. */
  isRevoked(): boolean;
  readonly presenting: Presenting;
}

/** A4: the directory, before anything that was written under an older one is sent. */
export async function refresh(admitted: Admitted, at: DirectoryFirstContext): Promise<void> {
  await readDirectory(admitted, at);
  await at.presenting.answered;
}

/**
 * The relay lets this device read the directory only. Whether it was removed, or its user has another slot key, the directory says: in
 * the second case it goes on with that.
 *
 * @throws CoreError DEVICE_REVOKED when the directory says that it was removed
 */
export async function learnWhy(admitted: Admitted, at: DirectoryFirstContext): Promise<void> {
  const { session, documents } = admitted;
  await readDirectory(admitted, at);
  if (at.isRevoked()) throw new CoreError("DEVICE_REVOKED", "this device has no rights in the tenant any more");
  await at.presenting.answered;
  const rights = await session.present((await documents?.fresh()) ?? []);
  if (rights.directoryOnly !== true) return;
  throw new SyncError("REFUSED_BY_PEER", "the relay lets this device read the directory only", {
    reason: "DIRECTORY_ONLY",
  });
}

async function readDirectory(
  { session, databases }: Admitted,
  { directory, signal }: DirectoryFirstContext,
): Promise<void> {
  await databases.open([directory]);
  await session.synced([directory.database], { signal });
  await directory.applied();
}
