import type { Platform } from "@selkie/core";
import { nativeCrypto } from "@selkie/crypto/native";
import { LONGEST_WAIT_MS } from "@selkie/sync-protocol";

/** What every platform with timers, a clock and a console offers alike. */
export function hostPlatform(loadAutomerge: () => Promise<void>, report: (error: unknown) => void): Platform {
  return {
    crypto: nativeCrypto,
    scheduler: {
      after: (ms, run) => {
        const timer = setTimeout(run, Math.min(ms, LONGEST_WAIT_MS));
        return () => clearTimeout(timer);
      },
    },
    now: () => Date.now(),
    loadAutomerge,
    report: (error) => {
      try {
        report(error);
      } catch {
        // An app's own error handler that throws must not stop sync; there is nowhere left to tell.
      }
    },
  };
}
