import type { WaitOptions } from "../unless-aborted.ts";

/** How a connection stands. `offline` tries again by itself; `refused` and `closed` do not. */
export type ConnectionStatus = "connecting" | "online" | "offline" | "refused" | "closed";

/** A live connection to a relay or to another device. */
export interface Connection extends AsyncDisposable {
  readonly status: ConnectionStatus;
  /**
   * Resolves when everything local is acknowledged and everything the other side held at the call is applied here, of the databases that
   * both have open: one that is closed meanwhile is not waited for.
   * @throws CoreError DIRECTORY_STALE | UPDATE_NEEDED when what is written here has to wait; TOO_MANY_DATABASES when the other side has
   * no room for all databases that are open: the others are in sync then; QUOTA_EXCEEDED | RELAY_FULL | TOO_MANY_CHAINS when a relay has no
   * room for what is written: each call tries again, or once in ten seconds where there are many. SyncError UNKNOWN_DATABASE when a relay does not take one of them.
   */
  synced(options?: WaitOptions): Promise<void>;
}
