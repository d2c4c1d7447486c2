import { type DatabaseId, type EntryId, equalBytes, type KeyTag, toHex, type VerifiedEntry } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import type { Platform } from "../platform.ts";
import { Serial } from "../serial.ts";

/** How long what somebody else knows of the directory may be on its way before it counts as withheld. */
const GRACE_MS = 300_000;

/** An entry that counts, and the directory heads that its author names. */
export interface DirectoryClaim {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
  readonly heads: readonly EntryId[];
  /** Of the directory key that what the author knew is sealed under, when this device does not have that; else null. */
  readonly tag: KeyTag | null;
}

export interface DirectoryClaimsContext {
  readonly platform: Pick<Platform, "scheduler" | "report">;
  readonly directory: DatabaseId;
  readonly entries: Pick<EntryStore, "find">;
  readonly ring: Pick<KeyRing, "find" | "current">;
  view(): DirectoryView;
  /** Brings in what others have of the directory. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  /** The entry names what nobody in reach has. */
  onWithheld(claim: DirectoryClaim): void;
  /** Claims came true, or count no more. */
  onSettled(): void;
}

/**
 * What the authors of entries say of the directory, where this device does not have it: a relay may show it an older directory, in which
 * somebody still has rights. Nothing that came is held back for it; what this device would write is (A4).
 *
 * The word of one who is out says nothing any more, and where the directory's own chains are proven to fork a head may be on a branch that
 * this device does not hold.
 */
export class DirectoryClaims {
  readonly #at: DirectoryClaimsContext;
  readonly #working = new Serial();
  /** By chain: its newest claim, if that is open. */
  readonly #open = new Map<string, DirectoryClaim>();
  readonly #announced = new Set<string>();
  #cancel: (() => void) | null = null;
  #closed = false;

  constructor(at: DirectoryClaimsContext) {
    this.#at = at;
  }

  /** Whether what is written in this database has to wait. An open claim in the directory itself concerns every one. */
  holds(database: DatabaseId): boolean {
    for (const { entry } of this.#open.values()) {
      const { database: place } = entry.header;
      if (equalBytes(place, database) || equalBytes(place, this.#at.directory)) return true;
    }
    return false;
  }

  /** A later claim of a chain takes the place of the one before. */
  async take(claim: DirectoryClaim): Promise<void> {
    const { header } = claim.entry;
    const chain = toHex(header.database) + toHex(header.writer);
    const before = this.#open.get(chain);
    if (before !== undefined && before.entry.header.seq > header.seq) return;
    if (await this.#isOpen(claim)) {
      this.#open.set(chain, claim);
      this.#arm();
    } else if (this.#open.delete(chain)) this.#at.onSettled();
  }

  /** The directory changed. */
  async look(): Promise<void> {
    let settled = false;
    for (const [chain, claim] of [...this.#open])
      if (!(await this.#isOpen(claim))) settled = this.#open.delete(chain) || settled;
    if (settled) this.#at.onSettled();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#working.idle();
  }

  async #isOpen({ entry, heads, tag, admission }: DirectoryClaim): Promise<boolean> {
    const { directory, entries, ring, view } = this.#at;
    if (!view().isLive(admission) || view().forks.some(({ database }) => equalBytes(database, directory))) return false;
    // A version that the directory names, and that was not given to this device, is another matter.
    const { found } = view();
    if (tag !== null && found !== null && ring.current(found.directoryKey.keyId) !== undefined)
      return (await ring.find(entry.header.database, tag)) === undefined;
    for (const head of heads) if ((await entries.find(head)) === undefined) return true;
    return false;
  }

  #arm(): void {
    if (this.#closed || this.#cancel !== null || this.#unannounced().length === 0) return;
    this.#cancel = this.#at.platform.scheduler.after(GRACE_MS, () => {
      this.#cancel = null;
      void this.#working.run(() => this.#check()).catch(this.#at.platform.report);
    });
  }

  async #check(): Promise<void> {
    await this.look();
    if (this.#unannounced().length > 0 && !this.#closed && (await this.#at.catchUp())) {
      await this.look();
      for (const claim of this.#unannounced()) {
        this.#announced.add(toHex(claim.entry.id));
        this.#at.onWithheld(claim);
      }
    }
    this.#arm();
  }

  #unannounced(): readonly DirectoryClaim[] {
    return [...this.#open.values()].filter(({ entry }) => !this.#announced.has(toHex(entry.id)));
  }
}
