import { type VerifiedRun, type Verifier, type Wanted, wantedParts } from "@selkie/entry";
import type { Scheduler } from "../scheduler.ts";

/** How long it takes, once many bytes were left out, to leave out as many again, ms. */
const LEFT_OUT_MS = 4_000;

export interface LeftOutOptions {
  readonly verifier: Verifier;
  readonly scheduler: Scheduler;
  /** Bytes that are left out at once. */
  readonly most: number;
}

/**
 * What is read for a peer that does not want it.
 * SECURITY: F4. What is left out was read and hashed all the same, and uses up none of the peer's credit: who wants nothing, again and
 * again, gets it at a pace (wanting.test.ts).
 */
export class LeftOut {
  readonly #options: LeftOutOptions;
  #bytes = 0;

  constructor(options: LeftOutOptions) {
    this.#options = options;
  }

  /** What the peer wants of these. */
  async of(read: readonly VerifiedRun[], wanted: Wanted): Promise<readonly VerifiedRun[]> {
    const runs = read.map(wantedParts(this.#options.verifier, wanted));
    await this.pace(sealedBytes(read) - sealedBytes(runs));
    return runs;
  }

  /** So many bytes more were read and not sent. */
  async pace(bytes: number): Promise<void> {
    const { scheduler, most } = this.#options;
    this.#bytes += bytes;
    if (bytes > 0 && this.#bytes > most) {
      const ms = Math.ceil((bytes / most) * LEFT_OUT_MS);
      await new Promise<void>((resolve) => scheduler.after(ms, resolve));
    }
  }
}

/** Bytes of the parts that are there. */
function sealedBytes(runs: readonly VerifiedRun[]): number {
  const parts = runs.flatMap(({ entries }) => entries.flatMap((entry) => entry.parts));
  return parts.reduce((sum, part) => sum + (part.type === "sealed" ? part.ciphertext.length : 0), 0);
}
