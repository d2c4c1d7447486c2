import type { Purge } from "../directory/purges.ts";
import type { PurgeStatement } from "../directory/statement.ts";
import type { PendingPurge } from "./purge-report.ts";

/** What purging takes of the tenant. */
export interface PurgeHost {
  /** @throws CoreError NOT_ADMIN | DEVICE_REVOKED */
  requireAdmin(): void;
  /** Brings in what others have. @returns whether all of it is here */
  catchUp(): Promise<boolean>;
  /** Says this in the directory; where it is due at once, it is carried out when this resolves. */
  say(statements: readonly PurgeStatement[]): Promise<void>;
  /** Whether this device's person said it. */
  isOwn(purge: Purge): boolean;
  /** When it is carried out on this device, ms since the epoch; null when it is. */
  dueAt(purge: Purge): number | null;
  /** The other devices, and the relays in reach. */
  elsewhere(): readonly PendingPurge[];
}
