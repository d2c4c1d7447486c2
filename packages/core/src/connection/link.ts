import type { DatabaseId } from "@selkie/entry";
import {
  type Dialler,
  runSession,
  type Session,
  SyncError,
  type SyncErrorCode,
  type Transport,
} from "@selkie/sync-protocol";
import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import { flushOrHold, type SyncedReplica } from "../replica/synced-replica.ts";
import type { AccessDocuments } from "./access-documents.ts";
import type { Handshake } from "./handshake.ts";
import type { PeerMemory } from "./peer-memory.ts";
import { SessionDatabases } from "./session-databases.ts";

/** How a connection stands. `offline` tries again by itself; `refused` and `closed` do not. */
export type ConnectionStatus = "connecting" | "online" | "offline" | "refused" | "closed";

/** A live connection to a relay or to another device. */
export interface Connection extends AsyncDisposable {
  readonly status: ConnectionStatus;
  /**
   * Resolves when everything local is acknowledged and everything the other side held at the call is applied here, of the databases that
   * both have open: one that is closed meanwhile is not waited for.
   * @throws CoreError DIRECTORY_STALE | UPDATE_NEEDED when what is written here has to wait; TOO_MANY_DATABASES when the other side has
   * no room for all databases that are open: the others are in sync then. SyncError UNKNOWN_DATABASE when a relay does not take one of them.
   */
  synced(options?: { signal?: AbortSignal }): Promise<void>;
}

const BACKOFF_MS = { first: 250, most: 30_000 };
/** Dialling again would end the same way. */
const FINAL: ReadonlySet<SyncErrorCode> = new Set<SyncErrorCode>([
  "BAD_OPTIONS",
  "BAD_URL",
  "INSECURE_URL",
  "NOT_ADMITTED",
  "ORIGIN_MISMATCH",
  "PROOF_MISSING",
  "REFUSED_BY_PEER",
  "TENANT_MISMATCH",
  "VERSION_UNSUPPORTED",
]);

/**
 * Reasons of a refusal that do not last: an old frame was played again, or one was changed; or the relay has another key for this user's
 * slot than this device, which will find it in the directory.
 */
const PASSING: ReadonlySet<string | null> = new Set([
  "DIRECTORY_ONLY",
  "PROOF_INVALID",
  "UNEXPECTED_MESSAGE",
  "FRAME_MISPLACED",
]);

function isFinal(error: unknown): boolean {
  if (error instanceof CoreError) return error.code === "DEVICE_REVOKED";
  if (!(error instanceof SyncError) || !FINAL.has(error.code)) return false;
  return error.code !== "REFUSED_BY_PEER" || !PASSING.has(error.reason);
}

export interface LinkContext {
  readonly platform: Platform;
  readonly dial: Dialler;
  /** Whether a lost connection is dialled again. */
  readonly redial: boolean;
  /** Made for each session. */
  handshake(): Handshake;
  /** Null for a peer: only a relay promises to keep what it acknowledged. */
  readonly memory: PeerMemory | null;
  /** The directory first. */
  replicas(): readonly SyncedReplica[];
  replica(database: DatabaseId): SyncedReplica | undefined;
  /** Whether this device has not heard of the directory for so long that it reads that before it sends anything. */
  isStale(): boolean;
  /** Whether the directory says that this device has no rights any more. */
  isRevoked(): boolean;
  onStatus(status: ConnectionStatus, error: unknown): void;
  /** More databases are open than the other side takes at a time: those that are left wait until others are closed. */
  onLeftOut(error: CoreError): void;
  onSession(session: Session): void;
  onEnded(): void;
}

/** What came of an exchange. */
interface Synced {
  /** Databases that the other side has no room for. */
  readonly left: number;
  /** Databases that one of both sides closed before they were in sync. */
  readonly closed: number;
  /** A relay does not take a database, if so. */
  readonly refused: SyncError | null;
  /** Why some of what is written here had to wait, if so. */
  readonly held: CoreError | null;
}

/** A session that is up, and its databases. */
interface Admitted {
  readonly session: Session;
  readonly databases: SessionDatabases;
}

/** Keeps one session up: dials, logs in, opens every database, and dials again after a growing, jittered pause. */
export class Link implements Connection {
  readonly #context: LinkContext;
  readonly #stop = new AbortController();
  /** Resolves when the link is closed for good. */
  readonly ended: Promise<void>;
  #status: ConnectionStatus = "connecting";
  /** With all databases open. */
  #session: Session | null = null;
  #admitted: Admitted | null = null;
  readonly #waiting: { resolve: (session: Session) => void; reject: (error: unknown) => void }[] = [];
  readonly #settling: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  #failure: unknown = null;
  #documents: AccessDocuments | null = null;
  #joining: Promise<unknown> = Promise.resolve();
  /** What a relay is being told about who may connect. Nothing else is announced to it before it has answered. */
  #presenting: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | null = null;

  constructor(context: LinkContext) {
    this.#context = context;
    this.ended = this.#keepUp();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Resolves once the first attempt has come up or failed; rejects when the other side refused for good. */
  async settled(signal?: AbortSignal): Promise<void> {
    if (this.#status === "refused" || this.#status === "closed") throw this.#failure;
    if (this.#status !== "connecting") return;
    await new Promise<void>((resolve, reject) => {
      this.#settling.push({ resolve, reject });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  /** The session in use, or the next one. */
  async session(signal?: AbortSignal): Promise<Session> {
    if (this.#session !== null) return this.#session;
    if (this.#status === "closed" || this.#status === "refused")
      throw new CoreError("CLOSED", "the connection is closed");
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async synced(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { left, refused, held } = await this.#sync(this.#context.replicas, options);
    if (left > 0) throw leftOut(left);
    if (refused !== null) throw refused;
    if (held !== null) throw held;
  }

  /**
   * Brings in what the other side has of these databases, whether what is written here has to wait or not.
   * SECURITY: D12. Of a database that the other side has no room for, or that is closed before the end, something may be left there
   * (link.test.ts).
   *
   * @returns whether all of it is here
   */
  async catchUp(replicas: () => readonly SyncedReplica[], options: { signal?: AbortSignal }): Promise<boolean> {
    const { left, closed, refused } = await this.#sync(replicas, options);
    return left === 0 && closed === 0 && refused === null;
  }

  async #sync(replicas: () => readonly SyncedReplica[], options: { signal?: AbortSignal }): Promise<Synced> {
    const session = await this.session(options.signal);
    const list = replicas(); // before all that is joining has joined
    await unlessAborted(Promise.all([this.#joining, this.#presenting]), options.signal);
    const left = await unlessAborted(this.#admitted?.databases.leftOf(list) ?? 0, options.signal);
    const first = await this.#exchange(session, list, options);
    if (first.held === null) return { left, ...first };
    // What is held until the directory is up to date may be free once that has arrived.
    const again = await this.#exchange(session, list, options);
    return { left, ...again, closed: first.closed + again.closed };
  }

  async #exchange(
    session: Session,
    list: readonly SyncedReplica[],
    options: { signal?: AbortSignal },
  ): Promise<Omit<Synced, "left">> {
    const replicas = list.filter((replica) => this.#isOpen(replica));
    let held: CoreError | null = null;
    for (const replica of replicas) held = (await flushOrHold(replica)) ?? held;
    for (const replica of replicas) session.announce(replica.database);
    const failures = await Promise.all(replicas.map((replica) => this.#settle(session, replica, options)));
    for (const replica of replicas) await replica.applied();
    const closed = failures.filter((failure) => failure?.code === "DATABASE_CLOSED").length;
    return { held, closed, refused: failures.find((failure) => failure?.code === "UNKNOWN_DATABASE") ?? null };
  }

  /**
   * A device that has not opened the database has nothing of it, and takes nothing: there is nothing to wait for.
   * SECURITY: B6. A relay that says so keeps nothing of what it is to keep (link.test.ts).
   *
   * @returns why it is not in sync, though the session goes on
   */
  async #settle(
    session: Session,
    replica: SyncedReplica,
    options: { signal?: AbortSignal },
  ): Promise<SyncError | null> {
    try {
      await session.synced([replica.database], options);
      return null;
    } catch (error) {
      if (!(error instanceof SyncError)) throw error;
      if (error.code === "DATABASE_CLOSED") return error;
      if (error.code !== "UNKNOWN_DATABASE") throw error;
      return this.#context.memory !== null && this.#isOpen(replica) ? error : null;
    }
  }

  /** The app has not closed it meanwhile. */
  #isOpen(replica: SyncedReplica): boolean {
    return this.#context.replica(replica.database) === replica;
  }

  /** Databases were opened: they join the session. Opening never waits for the network; `synced` does. */
  join(...replicas: readonly SyncedReplica[]): void {
    if (this.#session !== null && replicas.length > 0) void this.#change((databases) => databases.open(replicas));
  }

  /** A database was closed: it leaves the session. Resolves when nothing of it is sent any more, either way. */
  leave(database: DatabaseId): Promise<void> {
    return this.#change((databases) => databases.close(database));
  }

  /** Changes which databases the session follows, if there is one: all that are open join the next. */
  #change(change: (databases: SessionDatabases) => Promise<void>): Promise<void> {
    if (this.#admitted === null) return Promise.resolve();
    const changing = change(this.#admitted.databases).catch((error: unknown) => {
      if (!(error instanceof SyncError)) this.#context.platform.report(error); // how a session ends, `closed` tells
    });
    this.#joining = Promise.all([this.#joining, changing]);
    return changing;
  }

  /** The directory or the keys changed: a relay is told which parts are wanted now. */
  settleWanted(): void {
    for (const replica of this.#context.replicas()) this.#admitted?.databases.settleWanted(replica);
  }

  /** The directory changed: a device that is connected directly is judged again, a relay is told who may connect. */
  reconsider(): void {
    const session = this.#admitted?.session ?? null;
    session?.reconsider();
    const documents = this.#documents;
    if (session === null || documents === null) return;
    this.#presenting = this.#presenting
      .then(async () => {
        const fresh = await documents.fresh();
        if (fresh.length > 0) await session.present(fresh);
      })
      .catch((error: unknown) => {
        if (!(error instanceof SyncError)) this.#context.platform.report(error); // how a session ends, `closed` tells
      });
  }

  /** INVARIANT: what a revocation ends at a relay it has ended before anything made after it is sent there. Test: a3-removed-at-a-relay.test.ts. */
  announce(database: DatabaseId): void {
    void this.#presenting.then(() => this.#session?.announce(database));
  }

  compare(database: DatabaseId): void {
    this.#session?.compare(database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#session?.[Symbol.asyncDispose]();
    await this.ended;
    try {
      await this.#context.memory?.save();
    } catch (error) {
      this.#context.platform.report(error);
    } finally {
      this.#context.onEnded();
    }
  }

  async #keepUp(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; failures += 1) {
      try {
        await this.#once(() => {
          failures = 0;
        });
      } catch (error) {
        const final = isFinal(error);
        this.#end(final ? "refused" : "offline", error);
        if (final) return;
      }
      if (this.#stop.signal.aborted || !this.#context.redial) break;
      await this.#pause(failures);
    }
    this.#end("closed", new CoreError("CLOSED", "the connection is closed"));
  }

  async #once(connected: () => void): Promise<void> {
    const { dial, platform } = this.#context;
    const { signal } = this.#stop;
    const handshake = this.#context.handshake();
    const transport: Transport = await dial(signal);
    if (signal.aborted) return transport.close();
    const session = runSession(transport, {
      ...handshake,
      scheduler: platform.scheduler,
      verifier: platform.crypto,
      random: (length) => platform.crypto.randomBytes(length),
      open: async (_tenant, database) => this.#context.replica(database),
      ...leadOf(this.#context.replicas()),
    });
    const stop = (): void => void session.close();
    signal.addEventListener("abort", stop, { once: true }); // while the other side has not answered yet, too
    try {
      const { generation, rights } = await session.ready;
      this.#context.memory?.connected(generation);
      this.#remember(session);
      const databases = new SessionDatabases(session, {
        ...this.#context,
        onLeftOut: (count) => this.#context.onLeftOut(leftOut(count)),
      });
      this.#admitted = { session, databases };
      this.#documents = handshake.documents;
      handshake.gatekeeper?.watch(session);
      this.#context.onSession(session);
      if (rights.directoryOnly === true) await this.#learnWhy(this.#admitted, handshake.documents);
      connected();
      if (this.#context.isStale()) await this.#refresh(this.#admitted);
      const first = this.#context.replicas();
      await databases.open(first);
      this.#session = session;
      this.join(...without(this.#context.replicas(), first));
      this.#set("online", null);
      for (const { resolve } of this.#waiting.splice(0)) resolve(session);
      const error = await session.closed;
      if (error !== null) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#session = null;
      this.#admitted = null;
      this.#documents = null;
      await session[Symbol.asyncDispose]();
    }
    this.#set("offline", null);
  }

  /**
   * The relay lets this device read the directory only. Whether it was removed, or its user has another slot key, the directory says: in
   * the second case it goes on with that.
   *
   * @throws CoreError DEVICE_REVOKED when the directory says that it was removed
   */
  async #learnWhy({ session, databases }: Admitted, documents: AccessDocuments | null): Promise<void> {
    const [directory] = this.#context.replicas();
    if (directory === undefined) return;
    await databases.open([directory]);
    await session.synced([directory.database], { signal: this.#stop.signal });
    await directory.applied();
    if (this.#context.isRevoked())
      throw new CoreError("DEVICE_REVOKED", "this device has no rights in the tenant any more");
    await this.#presenting;
    const rights = await session.present((await documents?.fresh()) ?? []);
    if (rights.directoryOnly !== true) return;
    throw new SyncError("REFUSED_BY_PEER", "the relay lets this device read the directory only", {
      reason: "DIRECTORY_ONLY",
    });
  }

  /** A4: the directory, before anything that was written under an older one is sent. */
  async #refresh({ session, databases }: Admitted): Promise<void> {
    const [directory] = this.#context.replicas();
    if (directory === undefined) return;
    await databases.open([directory]);
    await session.synced([directory.database], { signal: this.#stop.signal });
    await directory.applied();
    await this.#presenting;
  }

  #remember(session: Session): void {
    const { memory, platform } = this.#context;
    if (memory === null) return;
    session.on(
      "acknowledged",
      ({ database, vector }) => void memory.acknowledged(database, vector).catch(platform.report),
    );
    session.on("caughtUp", ({ database, position }) => void memory.caughtUp(database, position).catch(platform.report));
  }

  #end(status: ConnectionStatus, error: unknown): void {
    this.#set(status, error);
    if (status !== "offline") for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #set(status: ConnectionStatus, error: unknown): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#failure = error;
    const final = status === "refused" || status === "closed";
    for (const { resolve, reject } of this.#settling.splice(0)) final ? reject(error) : resolve();
    this.#context.onStatus(status, error);
  }

  async #pause(failures: number): Promise<void> {
    const most = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** Math.min(failures, 10));
    const [jitter = 0] = this.#context.platform.crypto.randomBytes(1);
    await new Promise<void>((resolve) => {
      const cancel = this.#context.platform.scheduler.after(most / 2 + (most / 2) * (jitter / 255), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = null;
  }
}

/** INVARIANT: whoever holds an entry was given what it names of the directory first (b11-named-and-lost.test.ts). */
function leadOf([directory]: readonly SyncedReplica[]): { lead?: DatabaseId } {
  return directory === undefined ? {} : { lead: directory.database };
}

function leftOut(count: number): CoreError {
  return new CoreError("TOO_MANY_DATABASES", `the other side has no room for ${count} of the databases that are open`);
}

function without(replicas: readonly SyncedReplica[], others: readonly SyncedReplica[]): readonly SyncedReplica[] {
  const known = new Set(others);
  return replicas.filter((replica) => !known.has(replica));
}

async function unlessAborted<Result>(work: Promise<Result> | Result, signal: AbortSignal | undefined): Promise<Result> {
  signal?.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
