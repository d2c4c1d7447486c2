import { type DatabaseId, toHex } from "@selkie/entry";
import type { Store } from "@selkie/store";
import type { Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { LocalState } from "../local/local-state.ts";
import { rowKind } from "../local/local-state.ts";
import type { Platform } from "../platform.ts";
import { liveAdmissionOf } from "./own-admissions.ts";

export interface StandingContext {
  readonly platform: Platform;
  readonly store: Store;
  readonly local: LocalState;
  readonly directory: DatabaseId;
  view(): DirectoryView;
  /** The admission this device joined with; null while it has not arrived. */
  joined(): Member | null;
  /** This device is out: it takes part in nothing any more. */
  onOut(device: string): void;
  /** The time has come to wipe. */
  onWipe(device: string): void;
}

/**
 * Whether this device still belongs to the tenant. One whose rights ended stops at once and keeps what it holds, sealed; it wipes it when
 * the revocation says so and still counts after the delay, which runs from when this device learned of it, over restarts.
 */
export class Standing {
  readonly #at: StandingContext;
  #isOut = false;
  #cancel: (() => void) | null = null;

  constructor(at: StandingContext) {
    this.#at = at;
  }

  /** Looks again: the directory changed, or the time. */
  async check(): Promise<void> {
    const { view, joined, platform } = this.#at;
    const admission = joined();
    if (admission === null) return;
    this.#cancel?.();
    this.#cancel = null;
    if (liveAdmissionOf(view(), admission) !== undefined) {
      if (this.#isOut) await this.#forget();
      this.#isOut = false;
      return;
    }
    const device = toHex(admission.device);
    const since = await this.#since();
    if (!this.#isOut) this.#at.onOut(device);
    this.#isOut = true;
    const delay = view().wipeAfter(admission);
    if (delay === null) return;
    const left = since + delay * 1_000 - platform.now();
    if (left <= 0) this.#at.onWipe(device);
    else this.#cancel = platform.scheduler.after(left, () => void this.check().catch(platform.report));
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** When this device learned that it is out, ms since the epoch. */
  async #since(): Promise<number> {
    const { local, store, platform } = this.#at;
    const known = await local.recall(this.#key());
    if (known?.length === 8) return new DataView(known.buffer, known.byteOffset).getFloat64(0);
    const now = new Uint8Array(8);
    new DataView(now.buffer).setFloat64(0, platform.now());
    await store.commit({ put: [await local.seal(this.#key(), now)] });
    return platform.now();
  }

  async #forget(): Promise<void> {
    await this.#at.store.commit({ remove: [this.#key()] });
  }

  #key(): Uint8Array {
    return this.#at.local.key(rowKind.revoked, this.#at.directory);
  }
}
