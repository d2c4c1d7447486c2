import type { DatabaseId, WriterKey } from "@selkie/entry";
import type { Role } from "../directory/statement.ts";
import { CoreError } from "../errors.ts";
import { rowKind } from "../local/local-state.ts";
import { Serial } from "../serial.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { SeenHeads } from "../writer/seen-heads.ts";

export interface DailyVectorContext {
  readonly context: Pick<TenantContext, "platform" | "store" | "local">;
  readonly database: DatabaseId;
  /** The chain of this device; null before its first entry. */
  own(): WriterKey | null;
  /** @throws CoreError when this device may not write */
  self(): { readonly role: Role };
  /** Seals an entry that says nothing but what its device has seen. @returns false when nothing may be sealed now */
  say(): Promise<boolean>;
}

/** When it could not be said, it is tried again after this long. */
const AGAIN_MS = 3_600_000;

/**
 * An admin's device that only reads says, once a day in which others wrote, what it has seen: who is kept from something then hears of
 * it, though nobody writes any more who has it. SECURITY: B5, K-10. Test: b5-admin-that-only-reads.test.ts.
 */
export class DailyVector {
  readonly seen: SeenHeads;
  readonly #at: DailyVectorContext;
  readonly #working = new Serial();
  #saved: number | null;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  private constructor(at: DailyVectorContext, saved: number | null) {
    this.#at = at;
    this.#saved = saved;
    // A clock that was ahead and was set right: from now on it counts.
    const now = at.context.platform.now();
    this.seen = new SeenHeads(Math.min(saved ?? now, now));
  }

  /** Knows when all was said last, over restarts. */
  static async open(at: DailyVectorContext): Promise<DailyVector> {
    const { local } = at.context;
    const row = await local.recall(local.key(rowKind.vector, at.database));
    const saved = row?.length === 8 ? new DataView(row.buffer, row.byteOffset).getFloat64(0) : null;
    return new DailyVector(at, saved);
  }

  /** Something came, or was said. Never rejects. */
  look(): void {
    const { seen } = this;
    const { own, context } = this.#at;
    if (this.#isClosed || !this.#isAdmin()) return;
    const hasNews = seen.hasNews(own());
    if (seen.since !== this.#saved && (hasNews || this.#saved !== null))
      void this.#working.run(() => this.#save()).catch(context.platform.report);
    if (this.#cancel === null && hasNews) this.#arm(seen.dayLeft(context.platform.now()));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#working.idle();
  }

  #arm(wait: number): void {
    const { scheduler, report } = this.#at.context.platform;
    this.#cancel = scheduler.after(Math.max(0, wait), () => {
      void this.#working.run(() => this.#due()).catch(report);
    });
  }

  async #due(): Promise<void> {
    const { seen } = this;
    const { own, say, context } = this.#at;
    const isDue = seen.dayLeft(context.platform.now()) <= 0;
    try {
      let maySay = isDue && this.#isAdmin();
      while (maySay && !this.#isClosed && seen.hasNews(own())) maySay = await say();
    } catch (error) {
      if (!(error instanceof CoreError)) throw error; // out, or held until the directory is up to date
    } finally {
      this.#cancel = null;
    }
    if (this.#isClosed) return;
    if (isDue && seen.hasNews(own())) this.#arm(AGAIN_MS);
    else this.look();
  }

  async #save(): Promise<void> {
    const { context, database } = this.#at;
    const { local, store } = context;
    const { since } = this.seen;
    if (since === this.#saved) return;
    const row = new Uint8Array(8);
    new DataView(row.buffer).setFloat64(0, since);
    await store.commit({ put: [await local.seal(local.key(rowKind.vector, database), row)] });
    this.#saved = since;
  }

  #isAdmin(): boolean {
    try {
      return this.#at.self().role === "admin";
    } catch (error) {
      if (error instanceof CoreError) return false; // out, or not in yet
      throw error;
    }
  }
}
