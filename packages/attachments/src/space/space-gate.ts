// Between those who attach and those who free space.

import { unlessAborted } from "@selkie/core";
import { toHex } from "@selkie/entry";

/**
 * While blobs are dropped nobody attaches, and the other way round: one that is stored again, or referred to where it lies, would be gone.
 * What was attached since a sweep began to look is not dropped by it.
 */
export class SpaceGate {
  #attaching = 0;
  #sweeping: Promise<void> | null = null;
  readonly #sweeps = new Set<Set<string>>();
  readonly #waiting: (() => void)[] = [];

  /** Runs what attaches; `hashes` tells, once it is done, what is referred to. */
  async attach<Result>(
    work: () => Promise<Result>,
    hashes: (result: Result) => readonly Uint8Array[],
  ): Promise<Result> {
    while (this.#sweeping !== null) await this.#sweeping;
    this.#attaching += 1;
    try {
      const result = await work();
      for (const attached of this.#sweeps) for (const hash of hashes(result)) attached.add(toHex(hash));
      return result;
    } finally {
      this.#attaching -= 1;
      if (this.#attaching === 0) for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /** Runs `look`, which finds what to drop, and then `drop` once nobody attaches. */
  async sweep<Found, Result>(
    look: () => Promise<Found>,
    drop: (found: Found, isAttached: (hash: Uint8Array) => boolean) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    const attached = new Set<string>();
    this.#sweeps.add(attached);
    try {
      const found = await look();
      while (this.#attaching > 0 || this.#sweeping !== null)
        await unlessAborted(this.#sweeping ?? this.#nobody(), signal);
      const dropping = drop(found, (hash) => attached.has(toHex(hash)));
      this.#sweeping = dropping.then(
        () => undefined,
        () => undefined,
      );
      return await dropping.finally(() => {
        this.#sweeping = null;
      });
    } finally {
      this.#sweeps.delete(attached);
    }
  }

  #nobody(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
