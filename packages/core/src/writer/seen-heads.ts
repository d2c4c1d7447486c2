import {
  compareBytes,
  equalBytes,
  fromHex,
  parseWriterKey,
  toHex,
  type Vector,
  type VerifiedRun,
  type WriterKey,
} from "@selkie/entry";
import type { WriterHead } from "../sealing/control-part.ts";

const DAY_MS = 86_400_000;
/** Entries of others that are worth a vector before the day is over. */
const MANY = 64;
/** Heads in one vector; the others follow in the next. */
const MAX_HEADS = 64;

/** What the entries of a chain are to say that its device has seen. */
export interface VectorSource {
  /** The vector that is due with the next entry of `own`, ascending by writer; null while none is. */
  due(own: WriterKey, isFirst: boolean, now: number): readonly WriterHead[] | null;
  /** A vector is durable. */
  told(heads: readonly WriterHead[], now: number): void;
}

/** What this device has seen of others in one database and has not said yet. */
export class SeenHeads implements VectorSource {
  readonly #heads = new Map<string, WriterHead>();
  #entries = 0;
  /** ms since the epoch: when a vector was said last, or the database opened. */
  #since: number;

  constructor(stored: Vector, now: number) {
    for (const [name, { seq, id }] of stored) this.#heads.set(name, { writer: parseWriterKey(fromHex(name)), seq, id });
    this.#since = now;
  }

  received(runs: readonly VerifiedRun[]): void {
    for (const { writer, entries } of runs) {
      const last = entries.at(-1);
      if (last === undefined) continue;
      const { seq } = last.header;
      this.#entries += entries.length;
      if ((this.#heads.get(toHex(writer))?.seq ?? -1) < seq)
        this.#heads.set(toHex(writer), { writer, seq, id: last.id });
    }
  }

  /** Another branch of this chain is here now. */
  forget(writer: WriterKey): void {
    this.#heads.delete(toHex(writer));
  }

  /** Most entries carry none. */
  due(own: WriterKey, isFirst: boolean, now: number): readonly WriterHead[] | null {
    if (!isFirst && this.#entries < MANY && !(now - this.#since >= DAY_MS)) return null;
    const others = [...this.#heads.values()].filter(({ writer }) => !equalBytes(writer, own));
    if (others.length === 0) return null;
    return others.slice(0, MAX_HEADS).sort((a, b) => compareBytes(a.writer, b.writer));
  }

  told(heads: readonly WriterHead[], now: number): void {
    for (const { writer, seq } of heads)
      if (this.#heads.get(toHex(writer))?.seq === seq) this.#heads.delete(toHex(writer));
    this.#entries = 0;
    this.#since = now;
  }
}
