import type { ReceivedParts } from "../document/received-parts.ts";
import type { Delivery } from "../replica/delivery.ts";
import type { Ingest } from "../replica/ingest.ts";
import type { Pace } from "./pace.ts";

/** Entries that are read again at once because others came: some seconds. */
export const mostReadAgain = 20_000;

/**
 * D7: what found no room to wait is read again, as long as that moves a document on.
 * SECURITY: D12. One small entry may have all chains of its device read again (read-again.test.ts).
 * @param pace how much is read; null where all of it is read anyway
 */
export async function readAgain(
  ingest: Pick<Ingest, "replay">,
  parts: ReceivedParts,
  { deliver, pace }: { deliver(deliveries: readonly Delivery[]): void; readonly pace: Pace | null },
): Promise<void> {
  while (pace === null || pace.may()) {
    const chains = parts.toReadAgain();
    if (chains.length === 0) return;
    for (const chain of chains) {
      const entries = await ingest.replay(chain, deliver);
      pace?.spend(entries);
    }
  }
}
