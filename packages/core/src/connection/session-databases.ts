import { type DatabaseId, toHex } from "@selkie/entry";
import { type Session, SyncError } from "@selkie/sync-protocol";
import type { Platform } from "../platform.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { PeerMemory } from "./peer-memory.ts";
import { WantedParts } from "./wanted-parts.ts";

export interface SessionDatabasesContext {
  readonly platform: Pick<Platform, "scheduler" | "report">;
  readonly memory: PeerMemory | null;
  /** The open database of this id. */
  replica(database: DatabaseId): SyncedReplica | undefined;
  /** Databases are not synced, because the other side takes no more of them at a time. */
  onLeftOut(databases: number): void;
}

/** How long what is left of a closed database may take to reach the other side. */
const LEAVE_MS = 10_000;
/** How long somebody waits until the other side has closed it, too. */
const CLOSED_MS = 2 * LEAVE_MS;

/** A database that is being closed. */
interface Closing {
  readonly hurry: AbortController;
  readonly done: Promise<void>;
}

/** The databases of a link's session: which the other side follows, which it has no room for, and which are being closed. */
export class SessionDatabases {
  readonly #session: Session;
  readonly #context: SessionDatabasesContext;
  readonly #leftOut = new Map<string, DatabaseId>();
  readonly #closing = new Map<string, Closing>();
  /** Null for a peer: it gives everything. */
  readonly #wanted: WantedParts | null;

  constructor(session: Session, context: SessionDatabasesContext) {
    this.#session = session;
    this.#context = context;
    this.#wanted = context.memory === null ? null : new WantedParts(session, context.platform);
  }

  /** Other parts of a database may be wanted than before, or missing. */
  settleWanted(replica: SyncedReplica): void {
    this.#wanted?.settle(replica);
  }

  /** How many of these databases wait for others to be closed; the other side may have opened some itself. */
  async leftOf(replicas: readonly SyncedReplica[]): Promise<number> {
    const left = replicas.filter(({ database }) => this.#leftOut.has(toHex(database)));
    if (left.length > 0) await this.open(left);
    return left.filter(({ database }) => this.#leftOut.has(toHex(database))).length;
  }

  /** Opens these databases, in order, as far as the other side has room for them. @throws SyncError with which the session ended */
  async open(replicas: readonly SyncedReplica[]): Promise<void> {
    const { memory, replica: find, onLeftOut } = this.#context;
    const list = replicas.map(async (replica) => {
      await this.#closed(replica.database);
      const isOwn = (writer: string): boolean => replica.isOwn(writer);
      const known = memory === null ? null : { ...(await memory.of(replica.database)), isOwn };
      return { replica, ...known, ...(await this.#wanted?.opening(replica)) };
    });
    // It may be closed by now, or closed and opened again.
    const still = (await Promise.all(list)).filter(({ replica }) => find(replica.database) === replica);
    const left = await this.#session.openDatabases(still);
    const before = this.#leftOut.size;
    for (const { replica } of still) this.#leftOut.delete(toHex(replica.database));
    for (const database of left) this.#leftOut.set(toHex(database), database);
    if (this.#leftOut.size > before) onLeftOut(this.#leftOut.size);
    for (const { replica } of still) this.settleWanted(replica);
  }

  /**
   * The app has closed a database: once what was written in it has arrived, neither side sends anything of it any more, and there is
   * room for another.
   * SECURITY: D12. A side that never answers is not waited for: a revocation closes what it opened (link.test.ts).
   */
  async close(database: DatabaseId): Promise<void> {
    const name = toHex(database);
    this.#leftOut.delete(name);
    const hurry = new AbortController();
    const closing = { hurry, done: this.#close(database, hurry) };
    this.#closing.set(name, closing);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#context.platform.scheduler.after(CLOSED_MS, resolve);
    try {
      await Promise.race([closing.done.then(() => this.#makeRoom(name, closing)), late]);
    } finally {
      cancel();
    }
  }

  /** One was closed: those that had no room follow. */
  async #makeRoom(name: string, closing: Closing): Promise<void> {
    if (this.#closing.get(name) === closing) this.#closing.delete(name);
    const waiting = [...this.#leftOut.values()].flatMap((id) => this.#context.replica(id) ?? []);
    if (waiting.length > 0) await this.open(waiting);
  }

  async #close(database: DatabaseId, hurry: AbortController): Promise<void> {
    const cancel = this.#context.platform.scheduler.after(LEAVE_MS, () => hurry.abort());
    try {
      await this.#session.synced([database], { signal: hurry.signal });
    } catch (error) {
      if (!(error instanceof SyncError) && !hurry.signal.aborted) throw error;
    } finally {
      cancel();
    }
    await this.#session.closeDatabases([database]);
  }

  /** Who opens a database again does not wait until what was left of it has arrived: it is sent all the same. */
  async #closed(database: DatabaseId): Promise<void> {
    const closing = this.#closing.get(toHex(database));
    closing?.hurry.abort();
    await closing?.done;
  }
}
