import { type DatabaseId, toHex, type Wanted } from "@selkie/entry";
import { type OpenDatabase, type Session, SyncError } from "@selkie/sync-protocol";
import type { Platform } from "../platform.ts";
import { GRACE_MS } from "../replica/grace.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";

interface Told {
  /** What the relay was told is wanted, and as a text. */
  text: string;
  /** From where on it was asked for missing parts. */
  asked: string;
  /** A look is under way; whether there is to be another. */
  look: "no" | "once" | "again";
}

/**
 * Tells a relay which parts of the databases of a session this device wants, and asks it again for those that are missing: once for each
 * place from which on they are.
 */
export class WantedParts {
  readonly #session: Pick<Session, "want" | "ask" | "synced">;
  readonly #platform: Pick<Platform, "scheduler" | "report">;
  readonly #told = new Map<string, Told>();

  constructor(session: Pick<Session, "want" | "ask" | "synced">, platform: Pick<Platform, "scheduler" | "report">) {
    this.#session = session;
    this.#platform = platform;
  }

  /** With what a database is opened; where parts are missing, opening it asks for them. */
  async opening(replica: SyncedReplica): Promise<Pick<OpenDatabase, "wanted">> {
    const wants = await replica.wants();
    if (wants === null) return {};
    const asked = await replica.lacking();
    const wanted = asked === "" ? wants.usual : wants.lacking;
    this.#told.set(toHex(replica.database), { text: textOf(wanted), asked, look: "no" });
    return wanted === null ? {} : { wanted };
  }

  /** Other parts of an open database may be wanted than before, or missing. */
  settle(replica: SyncedReplica): void {
    const told = this.#told.get(toHex(replica.database));
    if (told === undefined) return;
    const isLooking = told.look !== "no";
    told.look = isLooking ? "again" : "once";
    if (isLooking) return;
    const look = async (): Promise<void> => {
      for (; told.look !== "no"; told.look = told.look === "again" ? "once" : "no") await this.#look(replica, told);
    };
    look().catch((error: unknown) => {
      told.look = "no";
      if (!(error instanceof SyncError)) this.#platform.report(error); // how a session ends, `closed` tells
    });
  }

  async #look(replica: SyncedReplica, told: Told): Promise<void> {
    const wants = await replica.wants();
    if (wants === null) return;
    const { database } = replica;
    if ((await replica.lacking()) === "") {
      this.#tell(database, told, wants.usual);
      return;
    }
    if (told.text !== textOf(wants.lacking)) this.#tell(database, told, wants.usual);
    // It may be on its way, or what says that it is for others.
    await this.#arrived(replica);
    const lacking = await replica.lacking();
    if (lacking !== "" && lacking !== told.asked) {
      told.asked = lacking;
      this.#tell(database, told, wants.lacking);
      this.#session.ask(database);
      await this.#arrived(replica);
    }
    if ((await replica.lacking()) === "") this.#tell(database, told, wants.usual);
    else await replica.announceMissing();
  }

  #tell(database: DatabaseId, told: Told, wanted: Wanted | null): void {
    const text = textOf(wanted);
    if (told.text === text) return;
    told.text = text;
    this.#session.want(database, wanted);
  }

  /**
   * Everything that the relay holds is here, and read, or it has had time to say so.
   * SECURITY: K-8. A relay that never says so keeps no alarm back (k-8-permits-left-out.test.ts).
   */
  async #arrived(replica: SyncedReplica): Promise<void> {
    const { scheduler } = this.#platform;
    const late = new AbortController();
    const cancel = scheduler.after(GRACE_MS, () => late.abort());
    try {
      await this.#session.synced([replica.database], { signal: late.signal });
    } catch (error) {
      if (!late.signal.aborted) throw error;
    } finally {
      cancel();
    }
    await replica.applied();
  }
}

function textOf(wanted: Wanted | null): string {
  return wanted === null
    ? "all"
    : [...wanted.recipients, "tags", ...wanted.tags]
        .map((name) => (typeof name === "string" ? name : toHex(name)))
        .join();
}
