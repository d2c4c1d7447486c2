import type { Scheduler } from "@selkie/sync-protocol";

/** Documents that are looked at, or given, before others have their turn. */
export const AT_ONCE = 256;

/** Resolves when others have had their turn. */
export function giveWay({ scheduler }: { readonly scheduler: Pick<Scheduler, "after"> }): Promise<void> {
  return new Promise((resolve) => void scheduler.after(0, resolve));
}
