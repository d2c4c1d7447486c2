// Why what this device would write waits in its journal: it may not know who is out, or is too old for the tenant. Local work goes on.
import { type DatabaseId, FORMAT_VERSION, toHex } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { HoldCode } from "../hold-code.ts";
import { ClaimTimes } from "./claim-times.ts";
import { DirectoryClaims } from "./directory-claims.ts";
import type { DirectoryLog } from "./directory-log.ts";
import { LastContact } from "./last-contact.ts";
import type { Alarm } from "./tenant.ts";
import type { TenantContext } from "./tenant-context.ts";

/** Without contact for this many seconds a directory is stale; the tenant's settings may say otherwise, within bounds. */
const STALE_AFTER_S = 7 * 86_400;
const STALE_AFTER_BOUNDS_S = [3_600, 10 * 365 * 86_400] as const;
const STALE_AFTER_SETTING = "directoryStaleAfter";

export interface HoldContext {
  readonly context: TenantContext;
  readonly directory: DatabaseId;
  readonly entries: EntryStore;
  readonly log: Pick<DirectoryLog, "view" | "isElsewhere" | "author">;
  online(): boolean;
  /** Brings in what others have of the directory. @returns whether somebody was reached */
  catchUp(): Promise<boolean>;
  alarm(alarm: Alarm): void;
  /** What waits may be sealed now. */
  resume(): void;
}

/** Decides whether this device may seal. */
export class Hold {
  readonly #at: HoldContext;
  readonly contact: LastContact;
  readonly claims: DirectoryClaims;
  readonly #times: ClaimTimes;
  #isTooOld = false;

  constructor(at: HoldContext) {
    this.#at = at;
    const { context, directory, entries, log, catchUp } = at;
    const { platform, store, local } = context;
    const limit = (): number => staleAfter(log.view);
    this.contact = new LastContact({
      platform,
      store,
      local,
      directory,
      limit,
      onStale: () => this.#announce("DIRECTORY_STALE"),
    });
    this.#times = new ClaimTimes({ store, local, directory });
    this.claims = new DirectoryClaims({
      ...{ platform, directory, entries, ring: context.ring, times: this.#times, limit, catchUp },
      view: () => log.view,
      isElsewhere: (head) => log.isElsewhere(head),
      author: (writer) => log.author(writer),
      onSettled: () => at.resume(),
      onWithheld: (withheld) => at.alarm({ code: "DIRECTORY_STALE", ...withheld }),
    });
  }

  async load(): Promise<void> {
    await this.contact.load();
    await this.#times.load();
  }

  /** Why nothing may be sealed in this database now; null when it may. */
  of(database: DatabaseId): HoldCode | null {
    if (isTooOld(this.#at.log.view)) return "UPDATE_NEEDED";
    this.contact.check();
    return this.contact.isStale || this.claims.holds(database) ? "DIRECTORY_STALE" : null;
  }

  /** Looks again: the directory changed. */
  async look(): Promise<void> {
    const tooOld = isTooOld(this.#at.log.view);
    if (tooOld && !this.#isTooOld) this.#announce("UPDATE_NEEDED");
    this.#isTooOld = tooOld;
    await this.claims.look();
  }

  /** All of the directory that somebody has is here. */
  async refreshed(): Promise<void> {
    const wasStale = this.contact.isStale;
    await this.contact.made();
    await this.claims.exchanged();
    if (wasStale) this.#at.resume();
  }

  async close(): Promise<void> {
    this.contact.stop();
    await this.claims.close();
  }

  #announce(code: HoldCode): void {
    this.#at.alarm({ code, database: toHex(this.#at.directory), writer: "", seq: 0, entryId: "" });
  }
}

function isTooOld(view: DirectoryView): boolean {
  return view.minVersion > FORMAT_VERSION;
}

function staleAfter(view: DirectoryView): number {
  const set = view.settings.get(STALE_AFTER_SETTING);
  const [least, most] = STALE_AFTER_BOUNDS_S;
  return typeof set === "number" ? Math.min(most, Math.max(least, set)) : STALE_AFTER_S;
}
