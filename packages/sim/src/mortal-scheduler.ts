import type { Scheduler } from "@selkie/sync-protocol";

/** Timers of one process: none of them runs after its death. */
export function mortalScheduler(scheduler: Scheduler, isAlive: () => boolean): Scheduler {
  return {
    after: (ms, run) =>
      scheduler.after(ms, () => {
        if (isAlive()) run();
      }),
  };
}
