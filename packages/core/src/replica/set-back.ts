import { type DatabaseId, toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";

/** Where this device's own entries come from others. */
export interface SetBackContext {
  readonly database: DatabaseId;
  /** Whether this device wrote a chain, as far as that is known. */
  isOwn(writer: WriterKey): boolean;
  alarm(alarm: {
    readonly code: "STORE_SET_BACK";
    readonly database: string;
    readonly writer: string;
    readonly seq: number;
    readonly entryId: string;
  }): void;
}

/**
 * Notices that others hold entries of this device that its store does not: the store was set back to an earlier state, or copied, and the
 * copy was written to. What a device sends it has made durable before, and each store writes chains of its own, so nothing else brings them.
 * SECURITY: G2. The entries are their own proof: nobody else can make the device say so (g2-store-set-back.test.ts).
 */
export class SetBack {
  readonly #at: SetBackContext;
  /** Chains that were announced. */
  readonly #told = new Set<string>();

  constructor(at: SetBackContext) {
    this.#at = at;
  }

  /** Entries came that the store did not hold, and were judged. */
  received(runs: readonly VerifiedRun[]): void {
    const { database, isOwn, alarm } = this.#at;
    for (const { writer, firstSeq, entries } of runs) {
      const [first] = entries;
      if (first === undefined || !isOwn(writer)) continue;
      const name = toHex(writer);
      if (this.#told.has(name)) continue;
      this.#told.add(name);
      const entryId = toHex(first.id);
      alarm({ code: "STORE_SET_BACK", database: toHex(database), writer: name, seq: firstSeq, entryId });
    }
  }
}
