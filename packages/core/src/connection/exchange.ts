import type { DatabaseId } from "@selkie/entry";
import { type Session, SyncError } from "@selkie/sync-protocol";
import type { CoreError } from "../errors.ts";
import { flushOrHold, type SyncedReplica } from "../replica/synced-replica.ts";
import type { Unstored } from "./unstored.ts";

export interface ExchangeContext {
  readonly session: Session;
  /** Whether the other side promises to keep what it acknowledges. */
  readonly isKept: boolean;
  /** What the other side had no room for in this session; null for a device, which promises nothing. */
  readonly unstored: Unstored | null;
  /** The app has not closed it meanwhile. */
  isOpen(replica: SyncedReplica): boolean;
}

/** What came of an exchange. */
export interface Exchanged {
  /** Databases that one of both sides closed before they were in sync. */
  readonly closed: number;
  /** A relay does not take a database, if so. */
  readonly refused: SyncError | null;
  /** Why a relay did not store all it was sent, if so. */
  readonly unstored: CoreError | null;
  /** Why some of what is written here had to wait, if so. */
  readonly held: CoreError | null;
}

interface Waiting {
  readonly signal?: AbortSignal;
}

/** Brings these databases in sync: sends what is written here, and waits for all that the other side held at the call. */
export async function exchange(
  at: ExchangeContext,
  list: readonly SyncedReplica[],
  options: Waiting,
): Promise<Exchanged> {
  const first = await exchangeOnce(at, list, options);
  if (first.held === null) return first;
  // What is held until the directory is up to date may be free once that has arrived.
  const again = await exchangeOnce(at, list, options);
  return { ...again, closed: first.closed + again.closed };
}

async function exchangeOnce(at: ExchangeContext, list: readonly SyncedReplica[], options: Waiting): Promise<Exchanged> {
  const replicas = list.filter((replica) => at.isOpen(replica));
  let held: CoreError | null = null;
  for (const replica of replicas) held = (await flushOrHold(replica)) ?? held;
  for (const { database } of replicas) at.session.announce(database);
  const without = replicas.filter(({ database }) => whyUnstored(at, database) !== null);
  if (without.length > 0 && at.unstored?.mayTry() === true)
    for (const { database } of without) at.session.compare(database);
  const failures = await Promise.all(replicas.map((replica) => settle(at, replica, options)));
  for (const replica of replicas) await replica.applied();
  const closed = failures.filter((failure) => failure?.code === "DATABASE_CLOSED").length;
  const refused = failures.find((failure) => failure?.code === "UNKNOWN_DATABASE") ?? null;
  const [unstored = null] = replicas.flatMap(({ database }) => whyUnstored(at, database) ?? []);
  return { held, closed, refused, unstored };
}

function whyUnstored({ unstored }: ExchangeContext, database: DatabaseId): CoreError | null {
  return unstored?.why(database) ?? null;
}

/**
 * A device that has not opened the database has nothing of it, and takes nothing: there is nothing to wait for.
 * SECURITY: B6. A relay that says so keeps nothing of what it is to keep (link.test.ts).
 *
 * @returns why it is not in sync, though the session goes on
 */
async function settle(at: ExchangeContext, replica: SyncedReplica, options: Waiting): Promise<SyncError | null> {
  try {
    await at.session.synced([replica.database], options);
    return null;
  } catch (error) {
    if (!(error instanceof SyncError)) throw error;
    if (error.code === "DATABASE_CLOSED") return error;
    if (error.code !== "UNKNOWN_DATABASE") throw error;
    return at.isKept && at.isOpen(replica) ? error : null;
  }
}
