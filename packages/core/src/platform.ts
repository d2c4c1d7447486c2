import type { CryptoProvider } from "@selkie/crypto";
import type { Scheduler } from "@selkie/sync-protocol";

/** Everything core takes from outside, so that the same code runs in Node, in a browser and in a simulation with a virtual clock. */
export interface Platform {
  readonly crypto: CryptoProvider;
  readonly scheduler: Scheduler;
  /**
   * The claimed time of changes, in ms since the epoch. What others claim decides nothing; how long this device waited, for a wipe or for
   * a contact, is the difference of two of its own.
   */
  now(): number;
  /** Makes Automerge's WebAssembly ready; called before the first document is loaded. */
  loadAutomerge(): Promise<void>;
  /** Where errors end that belong to no caller: a listener that threw, a background flush that failed. */
  report(error: unknown): void;
}
