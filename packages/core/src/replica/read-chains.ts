import type { WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import { hexOf } from "../hex.ts";

/** How far a chain was read, and what of it was delivered. */
export interface ReadChain {
  readonly key: WriterKey;
  verdict: Admission | "unknown" | "refused";
  /** The next seq to deliver. */
  next: number;
  /** Everything before it was delivered once; above `next` when the disk damaged some of it since. */
  delivered: number;
  /** The last seq of which a part was delivered. */
  opened: number;
}

/** The chains of one database, as far as they were read. */
export class ReadChains {
  readonly #chains = new Map<string, ReadChain>();

  of(key: WriterKey): ReadChain {
    const name = hexOf(key);
    const known = this.#chains.get(name);
    if (known !== undefined) return known;
    const chain: ReadChain = { key, verdict: "unknown", next: 0, delivered: 0, opened: -1 };
    this.#chains.set(name, chain);
    return chain;
  }

  /** Undefined for a chain that was not read. */
  find(key: WriterKey): ReadChain | undefined {
    return this.#chains.get(hexOf(key));
  }

  all(): Iterable<ReadChain> {
    return this.#chains.values();
  }

  /** The admitted writers, in the order in which a store is read. */
  admitted(): readonly WriterKey[] {
    const admitted = [...this.#chains].filter(([, { verdict }]) => typeof verdict === "object");
    return admitted.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { key }]) => key);
  }
}

/** Everything before `next` was delivered. */
export function advance(chain: ReadChain, next: number): void {
  chain.next = Math.max(chain.next, next);
  chain.delivered = Math.max(chain.delivered, chain.next);
}

/** The disk damaged an entry since it was delivered, or it made room: from it on the chain is delivered again when it can be read. */
export function setBack(chain: ReadChain, seq: number): void {
  chain.next = Math.min(chain.next, seq);
}
