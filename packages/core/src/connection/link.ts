import type { BlobHash, DatabaseId } from "@selkie/entry";
import type { BlobStore, ByteRange } from "@selkie/store";
import {
  type Dialler,
  type FetchedPart,
  type PartPlace,
  runSession,
  type Session,
  SyncError,
  type Transport,
} from "@selkie/sync-protocol";
import { givenBlobs } from "../blobs/given-blobs.ts";
import { SessionBlobs } from "../blobs/session-blobs.ts";
import type { Uploads } from "../blobs/uploads.ts";
import { CoreError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import { unlessAborted } from "../unless-aborted.ts";
import type { Connection, ConnectionStatus } from "./connection.ts";
import { type Admitted, type DirectoryFirstContext, learnWhy, refresh } from "./directory-first.ts";
import { type ExchangeContext, type Exchanged, exchange } from "./exchange.ts";
import { isFinal } from "./final-errors.ts";
import { GrowingPause } from "./growing-pause.ts";
import type { Handshake } from "./handshake.ts";
import type { PeerMemory } from "./peer-memory.ts";
import { Presenting } from "./presenting.ts";
import { SessionDatabases } from "./session-databases.ts";
import { Unstored } from "./unstored.ts";

export interface LinkContext {
  readonly platform: Platform;
  readonly dial: Dialler;
  /** Whether a lost connection is dialled again. */
  readonly redial: boolean;
  /** Made for each session. */
  handshake(): Handshake;
  /** The address of a relay; null for a peer. */
  readonly relay: string | null;
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
  /** The other side has no room: for all databases that are open, which wait until others are closed, or for what is written. */
  onNoRoom(error: CoreError): void;
  /** This device's blobs. */
  readonly blobs: BlobStore;
  /** What brings a relay blobs; null for a peer, which asks for what it wants. */
  readonly uploads: Uploads | null;
  /** Where a relay's HTTP door is; null where it was not dialled by a URL. */
  readonly url: string | null;
  onSession(session: Session): void;
  onEnded(): void;
}

/** What came of an exchange. */
interface Synced extends Exchanged {
  /** Databases that the other side has no room for. */
  readonly left: number;
}

/** Keeps one session up: dials, logs in, opens every database, and dials again after a growing, jittered pause. */
export class Link implements Connection {
  readonly #context: LinkContext;
  readonly #stop = new AbortController();
  readonly #pause: GrowingPause;
  /** Nothing else is announced to a relay before it has answered this. */
  readonly #presenting: Presenting;
  /** Resolves when the link is closed for good. */
  readonly ended: Promise<void>;
  #status: ConnectionStatus = "connecting";
  /** The first attempt has come up or failed. */
  readonly #first = awaited<void>();
  #admitted: Admitted | null = null;
  /** With all databases open. */
  #session: Session | null = null;
  /** Of that session. */
  #blobs: SessionBlobs | null = null;
  /** That session, or the one after it. */
  #next = awaited<Session>();
  #joining: Promise<unknown> = Promise.resolve();

  constructor(context: LinkContext) {
    this.#context = context;
    this.#pause = new GrowingPause(context.platform);
    this.#presenting = new Presenting(context.platform.report);
    this.ended = this.#keepUp();
  }

  get relay(): string | null {
    return this.#context.relay;
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** Resolves once the first attempt has come up or failed; rejects when the other side refused for good. */
  async settled(signal?: AbortSignal): Promise<void> {
    await unlessAborted(this.#first.promise, signal);
  }

  /** The session in use, or the next one. */
  async #reached(signal?: AbortSignal): Promise<Session> {
    if (this.#status === "closed" || this.#status === "refused")
      throw new CoreError("CLOSED", "the connection is closed");
    return await unlessAborted(this.#next.promise, signal);
  }

  async synced(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { left, refused, unstored, held } = await this.#sync(this.#context.replicas, options);
    const { uploads } = this.#context;
    if (uploads !== null) await unlessAborted(uploads.settled(), options.signal);
    if (left > 0) throw leftOut(left);
    if (refused !== null) throw refused;
    if (unstored !== null) throw unstored;
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
    const session = await this.#reached(options.signal);
    const list = replicas(); // before all that is joining has joined
    await unlessAborted(Promise.all([this.#joining, this.#presenting.answered]), options.signal);
    const left = await unlessAborted(this.#admitted?.databases.leftOf(list) ?? 0, options.signal);
    return { left, ...(await exchange(this.#exchangeContext(session), list, options)) };
  }

  #exchangeContext(session: Session): ExchangeContext {
    const { memory, replica } = this.#context;
    const unstored = this.#admitted?.unstored ?? null;
    return { session, unstored, isKept: memory !== null, isOpen: (one) => replica(one.database) === one };
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
    if (this.#admitted === null) return;
    const { session, documents } = this.#admitted;
    session.reconsider();
    if (documents !== null) this.#presenting.present(session, documents, () => this.#sayWhy(session));
    this.#retire();
  }

  /** INVARIANT: who ends itself has said so before the relay is told to let it in no more. Test: p-11-left-by-itself.test.ts. */
  async #sayWhy(session: Session): Promise<void> {
    const [directory] = this.#context.replicas();
    if (directory === undefined || !this.#context.isRevoked() || this.#session !== session) return;
    session.announce(directory.database);
    await session.synced([directory.database]);
  }

  /** INVARIANT: a relay drops nothing before it has the statement that tells others why. Test: b10-purge.test.ts. */
  #retire(): void {
    const { platform, replicas } = this.#context;
    const { session, documents } = this.#admitted ?? {};
    if (session === undefined || documents == null) return;
    const retire = async (): Promise<void> => {
      const lists = await documents.freshRetireLists();
      if (lists.length === 0) return;
      const { unstored } = await this.#sync(() => replicas().slice(0, 1), { signal: this.#stop.signal });
      if (unstored !== null) return; // the next session does it
      for (const list of lists) await session.present([list]);
    };
    retire().catch((error: unknown) => {
      if (!(error instanceof SyncError) && !this.#stop.signal.aborted) platform.report(error); // the next session does it
    });
  }

  /** INVARIANT: what a revocation ends at a relay it has ended before anything made after it is sent there. Test: a3-removed-at-a-relay.test.ts. */
  announce(database: DatabaseId): void {
    void this.#presenting.answered.then(() => this.#session?.announce(database));
  }

  /** Parts of entries that this side holds without them. @throws CoreError CLOSED; SyncError */
  async fetch(database: DatabaseId, parts: readonly PartPlace[]): Promise<readonly FetchedPart[]> {
    const session = this.#session;
    if (session === null) throw new CoreError("CLOSED", "the connection is closed");
    await this.#joining; // it may just have been opened
    return session.fetch(database, parts);
  }

  /** A blob of the other side's, or a range of it, unchecked; null where it is not held. @throws CoreError CLOSED | BLOBS_UNSENT; SyncError */
  async fetchBlob(hash: BlobHash, range: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    if (this.#blobs === null) throw new CoreError("CLOSED", "the connection is closed");
    return await unlessAborted(this.#blobs.get(hash, range, signal), signal);
  }

  /** More blobs are offered. */
  offered(): void {
    this.#context.uploads?.look();
  }

  /** Tells a relay something about this tenant. @returns whether it was there to hear it */
  async present(documents: readonly Uint8Array[]): Promise<boolean> {
    if (this.#session === null || this.#context.relay === null) return false;
    for (const each of documents) await this.#session.present([each]);
    return true;
  }

  compare(database: DatabaseId): void {
    this.#session?.compare(database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#pause.end();
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
    while (!this.#stop.signal.aborted) {
      try {
        await this.#once();
      } catch (error) {
        const final = isFinal(error);
        this.#end(final ? "refused" : "offline", error);
        if (final) return;
      }
      if (this.#stop.signal.aborted || !this.#context.redial) break;
      await this.#pause.wait();
    }
    this.#end("closed", new CoreError("CLOSED", "the connection is closed"));
  }

  async #once(): Promise<void> {
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
      // SECURITY: R3. A relay is brought what it is to have, and cannot ask which blobs this device holds (link-blobs.test.ts).
      ...(this.#context.relay === null ? { blobs: givenBlobs(this.#context.blobs) } : {}),
      ...leadOf(this.#context.replicas()),
    });
    const stop = (): void => void session.close();
    signal.addEventListener("abort", stop, { once: true }); // while the other side has not answered yet, too
    try {
      const ready = await session.ready;
      const { generation, rights } = ready;
      const blobs = new SessionBlobs({ ...this.#context, session, ready, scheduler: platform.scheduler });
      this.#context.memory?.connected(generation);
      this.#context.memory?.follow(session);
      const { onNoRoom } = this.#context;
      const databases = new SessionDatabases(session, {
        ...this.#context,
        onLeftOut: (count) => onNoRoom(leftOut(count)),
      });
      const unstored =
        this.#context.memory === null ? null : new Unstored(session, { onFirst: onNoRoom, now: platform.now });
      const admitted = { session, databases, documents: handshake.documents, unstored };
      this.#admitted = admitted;
      handshake.gatekeeper?.watch(session);
      this.#context.onSession(session);
      if (rights.directoryOnly === true) await this.#directoryFirst((at) => learnWhy(admitted, at));
      this.#pause.reset();
      if (this.#context.isStale()) await this.#directoryFirst((at) => refresh(admitted, at));
      const first = this.#context.replicas();
      await databases.open(first);
      this.#session = session;
      this.#blobs = blobs;
      blobs.begin();
      this.join(...without(this.#context.replicas(), first));
      this.#set("online", null);
      this.#next.resolve(session);
      this.#retire();
      const error = await session.closed;
      if (error !== null) throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      if (this.#session !== null) this.#next = awaited();
      this.#session = null;
      this.#blobs?.end();
      this.#blobs = null;
      this.#admitted = null;
      await session[Symbol.asyncDispose]();
    }
    this.#set("offline", null);
  }

  async #directoryFirst(step: (at: DirectoryFirstContext) => Promise<void>): Promise<void> {
    const [directory] = this.#context.replicas();
    if (directory === undefined) return;
    await step({
      directory,
      signal: this.#stop.signal,
      isRevoked: this.#context.isRevoked,
      presenting: this.#presenting,
    });
  }

  #end(status: ConnectionStatus, error: unknown): void {
    this.#set(status, error);
    if (status !== "offline") this.#next.reject(error);
  }

  #set(status: ConnectionStatus, error: unknown): void {
    if (this.#status === status) return;
    this.#status = status;
    if (status === "refused" || status === "closed") this.#first.reject(error);
    else this.#first.resolve();
    this.#context.onStatus(status, error);
  }
}

/** What somebody may wait for: that nobody does is no unhandled rejection. */
function awaited<Result>(): PromiseWithResolvers<Result> {
  const pending = Promise.withResolvers<Result>();
  pending.promise.catch(() => undefined);
  return pending;
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
