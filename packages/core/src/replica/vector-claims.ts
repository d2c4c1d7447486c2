import { equalBytes, toHex, type WriterKey } from "@selkie/entry";
import { type EntryStore, readEntry } from "@selkie/store";
import type { Platform } from "../platform.ts";
import type { WriterHead } from "../sealing/control-part.ts";
import { Serial } from "../serial.ts";
import { GRACE_MS } from "./grace.ts";

export interface VectorClaimsContext {
  readonly platform: Pick<Platform, "scheduler" | "report">;
  readonly entries: Pick<EntryStore, "read" | "vector">;
  /** Whether nobody needs this entry: its chain ends before it. */
  isBeyond(writer: WriterKey, seq: number): boolean;
  online(): boolean;
  /** Brings in what others have. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  /** `seq` is the first entry that is missing, or another than somebody else has; `entry` is what shows it. */
  alarm(code: "FORK" | "GAP", at: { readonly writer: WriterKey; readonly seq: number; readonly entryId: string }): void;
}

/**
 * Holds what others say they have seen against what is here: another entry at a place is a fork; one that stays away though a connection
 * has caught up is withheld, or nobody who has it is online.
 */
export class VectorClaims {
  readonly #at: VectorClaimsContext;
  readonly #working = new Serial();
  /** By writer: the newest entry that somebody has and this device has not. */
  readonly #missing = new Map<string, WriterHead>();
  /** What was announced, once. */
  readonly #announced = new Set<string>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(at: VectorClaimsContext) {
    this.#at = at;
  }

  /** What an entry that counts says. */
  async take(heads: readonly WriterHead[]): Promise<void> {
    for (const head of heads)
      if (!(await this.#holds(head)) && this.#isNews(head)) this.#missing.set(toHex(head.writer), head);
    this.#arm();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#working.idle();
  }

  #isNews({ writer, seq }: WriterHead): boolean {
    return (this.#missing.get(toHex(writer))?.seq ?? -1) < seq;
  }

  /** Whether the entry is here, or nobody needs it. */
  async #holds({ writer, seq, id }: WriterHead): Promise<boolean> {
    const { entries, isBeyond } = this.#at;
    if (isBeyond(writer, seq)) return true;
    const held = await readEntry(entries, writer, seq);
    if (held === null) return false;
    if (!equalBytes(held.id, id)) this.#announce("FORK", { writer, seq, id });
    return true;
  }

  #arm(): void {
    if (this.#closed || this.#cancel !== null || this.#missing.size === 0) return;
    this.#cancel = this.#at.platform.scheduler.after(GRACE_MS, () => {
      this.#cancel = null;
      void this.#working.run(() => this.#check()).catch(this.#at.platform.report);
    });
  }

  async #check(): Promise<void> {
    const { online, catchUp, entries } = this.#at;
    await this.#drop();
    if (this.#missing.size > 0 && !this.#closed && online() && (await catchUp())) {
      await this.#drop();
      const vector = await entries.vector();
      for (const { writer, id } of this.#missing.values())
        this.#announce("GAP", { writer, seq: (vector.get(toHex(writer))?.seq ?? -1) + 1, id });
      this.#missing.clear();
    }
    this.#arm();
  }

  /** Forgets what has come meanwhile. */
  async #drop(): Promise<void> {
    for (const [name, head] of this.#missing) if (await this.#holds(head)) this.#missing.delete(name);
  }

  #announce(code: "FORK" | "GAP", { writer, seq, id }: WriterHead): void {
    const name = `${code} ${toHex(writer)} ${toHex(id)}`;
    if (this.#announced.has(name)) return;
    this.#announced.add(name);
    this.#at.alarm(code, { writer, seq, entryId: toHex(id) });
  }
}
