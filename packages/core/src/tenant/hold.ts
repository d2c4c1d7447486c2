// Why what this device would write waits in its journal: it may not know who is out, or is too old for the tenant. Local work goes on.
import { type DatabaseId, type EntryId, FORMAT_VERSION, toHex } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { HoldCode } from "../hold-code.ts";
import { DirectoryClaims } from "./directory-claims.ts";
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
  view(): DirectoryView;
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
  #isTooOld = false;

  constructor(at: HoldContext) {
    this.#at = at;
    const { context, directory, entries, view, catchUp } = at;
    const { platform, store, local } = context;
    this.contact = new LastContact({
      platform,
      store,
      local,
      directory,
      limit: () => staleAfter(view()),
      onStale: () => this.#announce("DIRECTORY_STALE"),
    });
    this.claims = new DirectoryClaims({
      platform,
      directory,
      entries,
      ring: context.ring,
      view,
      catchUp,
      onSettled: () => at.resume(),
      onWithheld: ({ entry }) => {
        const { database, writer, seq } = entry.header;
        this.#announce("DIRECTORY_STALE", database, { writer: toHex(writer), seq, entryId: entry.id });
      },
    });
  }

  /** Why nothing may be sealed in this database now; null when it may. */
  of(database: DatabaseId): HoldCode | null {
    if (isTooOld(this.#at.view())) return "UPDATE_NEEDED";
    this.contact.check();
    return this.contact.isStale || this.claims.holds(database) ? "DIRECTORY_STALE" : null;
  }

  /** Looks again: the directory changed. */
  async look(): Promise<void> {
    const tooOld = isTooOld(this.#at.view());
    if (tooOld && !this.#isTooOld) this.#announce("UPDATE_NEEDED");
    this.#isTooOld = tooOld;
    await this.claims.look();
  }

  /** All of the directory that somebody has is here. */
  async refreshed(): Promise<void> {
    const wasStale = this.contact.isStale;
    await this.contact.made();
    if (wasStale) this.#at.resume();
  }

  async close(): Promise<void> {
    this.contact.stop();
    await this.claims.close();
  }

  #announce(
    code: HoldCode,
    database: DatabaseId = this.#at.directory,
    at: { readonly writer: string; readonly seq: number; readonly entryId: EntryId | null } = {
      writer: "",
      seq: 0,
      entryId: null,
    },
  ): void {
    const { writer, seq, entryId } = at;
    this.#at.alarm({
      code,
      database: toHex(database),
      writer,
      seq,
      entryId: entryId === null ? "" : toHex(entryId),
    });
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
