import type { Purge } from "../directory/purges.ts";
import type { PurgeStatement } from "../directory/statement.ts";
import type { PendingPurge } from "./purge-report.ts";

/** Who purges: an admin, or the root. */
export interface Purger {
  /** @throws CoreError NOT_ADMIN | DEVICE_REVOKED | ROOT_REFUSED */
  requireRight(): void;
  /** Says this in the directory; where it is due at once, it is carried out when this resolves. */
  say(statements: readonly PurgeStatement[]): Promise<void>;
  /** Whether it was them who said it. */
  isOwn(purge: Purge): boolean;
}

/** What purging takes of the tenant. */
export interface PurgeHost {
  /** This device's person. */
  readonly person: Purger;
  /** Brings in what others have. @returns whether all of it is here */
  catchUp(): Promise<boolean>;
  /** When it is carried out on this device, ms since the epoch; null when it is. */
  dueAt(purge: Purge): number | null;
  /** The other devices, and the relays in reach. */
  elsewhere(): readonly PendingPurge[];
}
