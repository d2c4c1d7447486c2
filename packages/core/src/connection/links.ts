import {
  type BlobHash,
  type DatabaseId,
  type EntryId,
  equalBytes,
  hash,
  limits,
  toHex,
  type WriterKey,
} from "@selkie/entry";
import type { TenantRecord } from "@selkie/keybag";
import type { ByteRange } from "@selkie/store";
import {
  type Dialler,
  dialWebSocket,
  type FetchedPart,
  httpUrlOf,
  originOf,
  type PartPlace,
  type Session,
  type Transport,
} from "@selkie/sync-protocol";
import type { Offers } from "../blobs/offers.ts";
import { Uploads } from "../blobs/uploads.ts";
import { CoreError } from "../errors.ts";
import type { Events } from "../events.ts";
import type { SyncedReplica } from "../replica/synced-replica.ts";
import type { DirectoryLog } from "../tenant/directory-log.ts";
import type { Hold } from "../tenant/hold.ts";
import { joinedWith, liveAdmissionOf } from "../tenant/own-admissions.ts";
import type { AlarmCode, ConnectOptions, TenantEvents } from "../tenant/tenant.ts";
import type { TenantContext } from "../tenant/tenant-context.ts";
import { decodeTenantData } from "../tenant/tenant-data.ts";
import { unlessAborted } from "../unless-aborted.ts";
import type { Connection, ConnectionStatus } from "./connection.ts";
import { GrowingPause } from "./growing-pause.ts";
import { type HandshakeContext, peerHandshake, relayHandshake } from "./handshake.ts";
import { Link } from "./link.ts";
import { PushBudget } from "./peer-gate.ts";
import { PeerMemory } from "./peer-memory.ts";

export interface LinksContext {
  readonly context: TenantContext;
  readonly record: TenantRecord;
  readonly log: DirectoryLog;
  readonly events: Events<TenantEvents>;
  readonly hold: Hold;
  /** Every database to keep in sync, the directory first. */
  replicas(): readonly SyncedReplica[];
  replica(database: DatabaseId): SyncedReplica | undefined;
  /** A connection came up. */
  onOnline(): void;
  /** What of this device's blobs relays are brought. */
  readonly offers: Offers;
}

/** How long a revocation waits for what others have. */
const CATCH_UP_MS = 10_000;

/** The connections of one tenant. */
export class Links {
  readonly #context: LinksContext;
  readonly #links = new Set<Link>();
  readonly #budget = new PushBudget();

  constructor(context: LinksContext) {
    this.#context = context;
  }

  get online(): boolean {
    return [...this.#links].some(({ status }) => status === "online");
  }

  /** The addresses of the relays in reach. */
  get relays(): readonly string[] {
    return [...this.#links].flatMap(({ status, relay }) => (status === "online" && relay !== null ? [relay] : []));
  }

  announce(database: DatabaseId): void {
    for (const link of this.#links) link.announce(database);
  }

  /** Entries of a database are gone: the other sides say what they have. */
  compare(database: DatabaseId): void {
    for (const link of this.#links) link.compare(database);
  }

  /** Databases were opened: every connection syncs them too. */
  join(...replicas: readonly SyncedReplica[]): void {
    for (const link of this.#links) link.join(...replicas);
  }

  /** A database was closed: no connection syncs it any more once this resolves. */
  async leave(database: DatabaseId): Promise<void> {
    await Promise.all([...this.#links].map((link) => link.leave(database)));
  }

  /** The directory or the keys changed: relays are told which parts are wanted now, and asked for those that are missing. */
  settleWanted(): void {
    for (const link of this.#links) link.settleWanted();
  }

  /** The directory changed: peers are judged again, and relays learn at once who may connect. */
  reconsider(): void {
    for (const link of this.#links) link.reconsider();
  }

  /**
   * Brings in what the other sides have, of all databases or of these, for a few seconds at most.
   * @returns whether one of them was reached, and none in reach failed
   */
  async catchUp(replicas: () => readonly SyncedReplica[] = this.#context.replicas): Promise<boolean> {
    const online = [...this.#links].filter(({ status }) => status === "online");
    const waiting = new AbortController();
    const stop = this.#context.context.platform.scheduler.after(CATCH_UP_MS, () => waiting.abort());
    const outcomes = await Promise.allSettled(online.map((link) => link.catchUp(replicas, { signal: waiting.signal })));
    stop();
    return online.length > 0 && outcomes.every((outcome) => outcome.status === "fulfilled" && outcome.value);
  }

  /**
   * Parts of entries that are held without them, from the first of the other sides in reach that has them; null for those that none has.
   * @throws CoreError REPLICA_OFFLINE when none is in reach
   */
  async fetch(database: DatabaseId, parts: readonly PartPlace[]): Promise<readonly FetchedPart[]> {
    const fetched: FetchedPart[] = parts.map((part) => ({ ...part, ciphertext: null }));
    let failed: unknown = null;
    let isReached = false;
    for (const link of this.#links) {
      const due = [...fetched.entries()].filter(([, { ciphertext }]) => ciphertext === null);
      if (due.length === 0) break;
      if (link.status !== "online") continue;
      try {
        const places = due.map(([, part]) => part);
        for (const [at, part] of (await link.fetch(database, places)).entries()) fetched[due[at]?.[0] ?? -1] = part;
        isReached = true;
      } catch (error) {
        failed = error;
      }
    }
    if (!isReached && parts.length > 0)
      throw new CoreError("REPLICA_OFFLINE", "nobody is connected who could give what is not here", { cause: failed });
    return fetched;
  }

  /** As `BlobRoom.fetch`: from the first of the other sides in reach that has it. @throws CoreError REPLICA_OFFLINE; the signal's reason */
  async fetchBlob(
    hash: BlobHash,
    range: ByteRange | null,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | null> {
    const { crypto } = this.#context.context.platform;
    let failed: unknown = null;
    let isReached = false;
    for (const link of this.#links) {
      if (link.status !== "online") continue;
      try {
        const bytes = await link.fetchBlob(hash, range ?? [0, limits.blobBytes], signal);
        isReached = true;
        // SECURITY: B8. Other bytes than those of that name are as good as none (blobs-of-peers.test.ts).
        if (bytes !== null && (range !== null || equalBytes(crypto.sha256(bytes), hash))) return bytes;
      } catch (error) {
        signal?.throwIfAborted();
        failed = error;
      }
    }
    if (!isReached)
      throw new CoreError("REPLICA_OFFLINE", "nobody is connected who could give what is not here", { cause: failed });
    return null;
  }

  /** More blobs are offered. */
  offered(): void {
    for (const link of this.#links) link.offered();
  }

  /** Tells the relays in reach something about this tenant. @returns the addresses of those that were told */
  async present(documents: readonly Uint8Array[]): Promise<readonly string[]> {
    const told: string[] = [];
    for (const link of this.#links) if ((await link.present(documents)) && link.relay !== null) told.push(link.relay);
    return told;
  }

  async connect(target: string | Transport | Dialler, options: ConnectOptions): Promise<Connection> {
    const link = this.#link(target, options);
    this.#links.add(link);
    try {
      await link.settled(options.signal);
      await this.#directoryArrived(link, options.signal);
      return link;
    } catch (error) {
      await link[Symbol.asyncDispose]();
      if (error instanceof CoreError || options.signal?.aborted === true) throw error;
      throw new CoreError("CONNECTION_REFUSED", "the other side refused this device", { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#links].map((link) => link[Symbol.asyncDispose]()));
  }

  /** A tenant that was just joined is of no use before its directory is here. */
  async #directoryArrived(link: Link, signal: AbortSignal | undefined): Promise<void> {
    const { log, events } = this.#context;
    if (log.view.found !== null) return;
    const { promise: arrived, resolve, reject } = Promise.withResolvers<void>();
    const off = events.on("directory", () => log.view.found !== null && resolve());
    const ended = (): void => reject(new CoreError("CLOSED", "the connection ended before the directory arrived"));
    void link.ended.then(ended, reject);
    try {
      await unlessAborted(arrived, signal);
    } finally {
      off();
    }
  }

  #link(target: string | Transport | Dialler, options: ConnectOptions): Link {
    const { context, events, replicas, replica } = this.#context;
    const name = typeof target === "string" ? target : (options.origin ?? "peer");
    const { peer = "relay" } = options;
    const dial: Dialler =
      typeof target === "string"
        ? dialWebSocket(target, context.platform)
        : typeof target === "function"
          ? target
          : async () => target;
    const at = this.#handshakeContext();
    const origin = typeof target === "string" ? originOf(target) : (options.origin ?? "peer");
    const link: Link = new Link({
      platform: context.platform,
      dial,
      redial: typeof target === "string" || typeof target === "function",
      handshake: () => (peer === "relay" ? relayHandshake(at, origin) : peerHandshake(at, peer, origin)),
      relay: peer === "relay" ? name : null,
      memory: peer === "relay" ? this.#memory(origin) : null,
      blobs: context.store.blobs(context.tenant),
      uploads:
        peer === "relay"
          ? this.#uploads(origin, (error) => events.emit("sync", { target: name, status: link.status, error }))
          : null,
      url: peer === "relay" && typeof target === "string" ? httpUrlOf(target) : null,
      replicas,
      replica,
      onNoRoom: (error) => events.emit("sync", { target: name, status: link.status, error }),
      isRevoked: () => this.#isRevoked(),
      isStale: () => this.#context.hold.contact.isStale,
      onStatus: (status, error) => {
        events.emit("sync", { target: name, status, error });
        this.#onStatus(status);
      },
      onSession: (session) => this.#watch(session),
      onEnded: () => this.#links.delete(link),
    });
    return link;
  }

  #onStatus(status: ConnectionStatus): void {
    const { context, hold, onOnline } = this.#context;
    if (status === "online") onOnline();
    if (this.online) return;
    const lost = async (): Promise<void> => {
      await hold.contact.lost();
      if (status === "offline") hold.contact.watch();
      else hold.contact.stop();
    };
    void lost().catch(context.platform.report);
  }

  #uploads(origin: string, failed: (error: unknown) => void): Uploads {
    const { context, offers } = this.#context;
    const blobs = context.store.blobs(context.tenant);
    const pause = new GrowingPause(context.platform);
    const { platform } = context;
    return new Uploads({ offers, blobs, platform, relay: this.#peerName(origin), pause, failed });
  }

  /** 16 bytes that name a relay in local state. */
  #peerName(origin: string): Uint8Array {
    return hash(this.#context.context.platform.crypto, "recipient", new TextEncoder().encode(origin)).slice(0, 16);
  }

  #memory(origin: string): PeerMemory {
    const { platform, local, store } = this.#context.context;
    return new PeerMemory(local, store.state, {
      peer: this.#peerName(origin),
      later: (ms, run) => platform.scheduler.after(ms, run),
      report: platform.report,
    });
  }

  #handshakeContext(): HandshakeContext {
    const { context, log, record } = this.#context;
    return {
      crypto: context.platform.crypto,
      tenant: context.tenant,
      directory: record.directory,
      budget: this.#budget,
      keys: context.keys,
      generation: context.store.generation,
      founding: () => log.founding,
      view: () => log.view,
      joined: () => joinedWith(log.view, context.admittedBy),
      ticket: decodeTenantData(record.data).ticket,
    };
  }

  /** The directory says so: not a relay. */
  #isRevoked(): boolean {
    const { context, log } = this.#context;
    const joined = joinedWith(log.view, context.admittedBy);
    return joined !== null && liveAdmissionOf(log.view, joined) === undefined;
  }

  /** What arrived of the directory has been read. */
  async #refreshed(): Promise<void> {
    const { hold, replicas } = this.#context;
    const [directory] = replicas();
    await directory?.applied();
    await hold.refreshed();
  }

  /** What a peer did that an honest one does not, as events of the tenant. */
  #watch(session: Session): void {
    const { context, record, replicas } = this.#context;
    const reached = new Set<string>();
    session.on("caughtUp", ({ database }) => {
      const name = toHex(database);
      if (!reached.has(name))
        replicas()
          .find((replica) => equalBytes(replica.database, database))
          ?.reached();
      reached.add(name);
      if (equalBytes(database, record.directory)) void this.#refreshed().catch(context.platform.report);
    });
    const alarm = (
      code: AlarmCode,
      at: { readonly database: DatabaseId; readonly writer: WriterKey },
      seq: number,
      id?: EntryId,
    ): void =>
      this.#context.events.emit("alarm", {
        code,
        database: toHex(at.database),
        writer: toHex(at.writer),
        seq,
        entryId: id === undefined ? "" : toHex(id),
      });
    session.on("gap", (gap) => alarm("GAP", gap, gap.have));
    session.on("fork", (fork) => alarm("EQUIVOCATION", fork, fork.seq, fork.theirs));
    session.on("rollback", (rollback) => alarm("RELAY_ROLLBACK", rollback, rollback.now + 1));
  }
}
