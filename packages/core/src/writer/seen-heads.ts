import { compareBytes, equalBytes, toHex, type VerifiedRun, type WriterKey } from "@selkie/entry";
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
  /** A vector of `own` is durable. */
  told(own: WriterKey, heads: readonly WriterHead[], now: number): void;
}

/** What this device has seen of others in one database and has not said yet. */
export class SeenHeads implements VectorSource {
  readonly #heads = new Map<string, WriterHead>();
  /** By writer: up to where this device has said it. */
  readonly #said = new Map<string, number>();
  /** By writer: the last entry that says more than what its author has seen. */
  readonly #work = new Map<string, number>();
  #entries = 0;
  /** ms since the epoch: when all was said last. */
  #since: number;

  constructor(since: number) {
    this.#since = since;
  }

  get since(): number {
    return this.#since;
  }

  /** ms until a day has passed since then: told in one way only, as sums of fractions are rounded. Test: daily-vector.test.ts. */
  dayLeft(now: number): number {
    return this.#since + DAY_MS - now;
  }

  /** Entries that came just now. */
  received(runs: readonly VerifiedRun[]): void {
    for (const run of runs) {
      this.#entries += run.entries.length;
      this.stored(run);
    }
  }

  /** Entries that are here. */
  stored({ writer, entries }: VerifiedRun): void {
    const [name, last] = [toHex(writer), entries.at(-1)];
    if (last === undefined) return;
    const { seq } = last.header;
    if ((this.#heads.get(name)?.seq ?? -1) < seq) this.#heads.set(name, { writer, seq, id: last.id });
    const work = entries.findLast(({ header, parts }) => parts.length > (header.control ? 1 : 0));
    if (work !== undefined) this.#work.set(name, Math.max(this.#work.get(name) ?? -1, work.header.seq));
  }

  /** This device has said these before. */
  said(heads: readonly WriterHead[]): void {
    for (const { writer, seq } of heads) {
      const name = toHex(writer);
      this.#said.set(name, Math.max(this.#said.get(name) ?? -1, seq));
    }
  }

  /** Another branch of this chain is here now. */
  forget(writer: WriterKey): void {
    for (const known of [this.#heads, this.#said, this.#work]) known.delete(toHex(writer));
  }

  /** Whether somebody wrote what this device has not said that it has: to say again what others have only seen would never end. */
  hasNews(own: WriterKey | null): boolean {
    const name = own === null ? null : toHex(own);
    return [...this.#work].some(([writer, seq]) => writer !== name && seq > (this.#said.get(writer) ?? -1));
  }

  /** Most entries carry none. */
  due(own: WriterKey, isFirst: boolean, now: number): readonly WriterHead[] | null {
    if (!isFirst && this.#entries < MANY && this.dayLeft(now) > 0) return null;
    const unsaid = this.#unsaid(own);
    if (unsaid.length === 0) return null;
    return unsaid.slice(0, MAX_HEADS).sort((a, b) => compareBytes(a.writer, b.writer));
  }

  told(own: WriterKey, heads: readonly WriterHead[], now: number): void {
    this.said(heads);
    if (this.#unsaid(own).length > 0) return; // the others follow in the next entry
    this.#entries = 0;
    this.#since = now;
  }

  #unsaid(own: WriterKey): readonly WriterHead[] {
    return [...this.#heads.values()].filter(
      ({ writer, seq }) => !equalBytes(writer, own) && seq > (this.#said.get(toHex(writer)) ?? -1),
    );
  }
}
