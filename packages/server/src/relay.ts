// A relay: one store, one HTTP server, one WebSocket door, and the order in which they start and stop.

import type { AddressInfo } from "node:net";
import type { Verifier } from "@selkie/entry";
import type { Store } from "@selkie/store";
import { LONGEST_WAIT_MS, type Scheduler, type Transport } from "@selkie/sync-protocol";
import type { FastifyInstance } from "fastify";
import { Counters } from "./counters.ts";
import { RelayError, type RelayErrorCode } from "./errors.ts";
import { addBlobRoutes } from "./http/blob-routes.ts";
import { createHttp } from "./http/health.ts";
import { Tickets } from "./http/tickets.ts";
import { Transfers } from "./http/transfers.ts";
import { completeLimits, type RelayLimits } from "./limits.ts";
import { type Logger, silentLogger } from "./log/log.ts";
import { describeFailure } from "./log/redaction.ts";
import { checkOrigins, loopbackOrigins } from "./origins.ts";
import { LiveDatabases } from "./replica/live-databases.ts";
import { Connection, type ConnectionHost } from "./sync/connection.ts";
import { Sockets } from "./sync/sockets.ts";
import { Tenants } from "./tenants/tenants.ts";

/** What {@link createRelay} needs. */
export interface RelayOptions {
  /** Where everything is kept. The relay does not close it. */
  readonly store: Store;
  readonly verifier: Verifier;
  /** A source of unpredictable bytes: nonces of logins. */
  readonly random: (length: number) => Uint8Array;
  /**
   * The origins that clients dial, such as `wss://relay.example.org`: a login made for another is refused. `loopback` stands for
   * this machine's names at the port the relay listens on.
   */
  readonly origins: readonly string[] | "loopback";
  /** Default {@link defaultLimits}. */
  readonly limits?: Partial<RelayLimits>;
  /** Whether tenants never seen before may register. Default `open`. */
  readonly registration?: "open" | "closed";
  /** Take a peer's address from the last entry of X-Forwarded-For. Default false. */
  readonly trustProxy?: boolean;
  /** Default: nothing is logged. */
  readonly logger?: Logger;
  /** Default: the platform's timers. */
  readonly scheduler?: Scheduler;
  /** ms on a steady clock. Default `performance.now`. */
  readonly now?: () => number;
  /** ms since the epoch: retire lists wait over restarts. Default `Date.now`. */
  readonly clock?: () => number;
}

/** Where a relay listens. */
export interface RelayAddress {
  readonly host: string;
  readonly port: number;
  /** What a client on this machine dials. */
  readonly url: string;
}

/** A relay. Disposing stops it at once. */
export interface Relay extends AsyncDisposable {
  readonly counters: Counters;
  /**
   * Starts listening; port 0 takes a free one.
   *
   * @throws RelayError PORT_IN_USE, PORT_FORBIDDEN, ADDRESS_UNAVAILABLE, LISTEN_FAILED, RELAY_STOPPED
   */
  listen(at: { readonly host: string; readonly port: number }): Promise<RelayAddress>;
  /** Serves one more peer over a transport of another kind, as a simulation does; resolves when the peer is gone. */
  serve(transport: Transport): Promise<void>;
  /**
   * Stops: from now on not ready, nobody new; clients are asked to leave and come back at different moments; after `drainMs` (default
   * 0) those who stayed are cut. Resolves when nothing is in flight. The store stays open.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Makes a relay that does not listen yet.
 *
 * @throws RelayError BAD_LIMIT, BAD_ORIGIN
 */
export function createRelay(options: RelayOptions): Relay {
  return new RunningRelay(options);
}

/** Clients come back after half a second at the earliest, and spread over at least this long. */
const COME_BACK_AFTER_MS = 500;
const COME_BACK_WITHIN_MS = 5_000;
/** TCP connections besides those of clients: health checks, and those that have not said yet what they want. */
const OTHER_CONNECTIONS = 1_024;
const READINESS_PROBE = new TextEncoder().encode("relay/1/probe");

const platformScheduler: Scheduler = {
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, LONGEST_WAIT_MS));
    return () => clearTimeout(timer);
  },
};

class RunningRelay implements Relay {
  readonly counters: Counters = new Counters();
  readonly #host: ConnectionHost;
  readonly #http: FastifyInstance;
  readonly #sockets: Sockets;
  readonly #transfers: Transfers;
  readonly #served = new Set<Connection>();
  #origins: readonly string[];
  #stopping: Promise<void> | null = null;
  #serveCount = 0;

  constructor(options: RelayOptions) {
    const { store, verifier, random, logger = silentLogger, registration = "open", trustProxy = false } = options;
    const now = options.now ?? (() => performance.now());
    const limits = completeLimits(options.limits ?? {});
    const { counters } = this;
    const scheduler = options.scheduler ?? platformScheduler;
    const clock = options.clock ?? (() => Date.now());
    this.#origins = options.origins === "loopback" ? [] : checkOrigins(options.origins);
    this.#host = {
      store,
      verifier,
      random,
      limits,
      logger,
      counters,
      scheduler,
      now,
      tenants: new Tenants({
        ...{ store, verifier, caps: limits, registration, counters, logger, scheduler, clock },
        retireAfterMs: limits.retireAfterMs,
      }),
      databases: new LiveDatabases(counters, now),
      tickets: new Tickets({ verifier, random }),
      origins: () => this.#origins,
    };
    this.#sockets = new Sockets({ host: this.#host, trustProxy, isOpen: () => this.#stopping === null });
    const connections = limits.connections + limits.transfers + OTHER_CONNECTIONS;
    this.#http = createHttp({ logger, connections, requestMs: limits.transferMs, isReady: () => this.#isReady() });
    const { tickets, tenants } = this.#host;
    this.#transfers = new Transfers({ ...limits, scheduler, counters });
    const { blobs, retiring } = tenants;
    addBlobRoutes(this.#http, { tickets, blobs, retiring, transfers: this.#transfers, counters });
    this.#sockets.attach(this.#http.server);
    const failed = (failure: unknown): void => logger.log("error", "store.failed", describeFailure(failure));
    this.#host.tenants.retiring.look().catch(failed);
  }

  async listen(at: { readonly host: string; readonly port: number }): Promise<RelayAddress> {
    if (this.#stopping !== null) throw new RelayError("RELAY_STOPPED", "the relay was stopped");
    try {
      await this.#http.listen({ ...at });
    } catch (cause) {
      throw listenError(cause);
    }
    const bound = this.#http.server.address() as AddressInfo;
    if (this.#origins.length === 0) this.#origins = loopbackOrigins(bound.port);
    const isWildcard = bound.address === "::" || bound.address === "0.0.0.0";
    const name = isWildcard ? "127.0.0.1" : bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    this.#host.logger.log("info", "relay.listening", { port: bound.port });
    return { host: bound.address, port: bound.port, url: `ws://${name}:${bound.port}` };
  }

  async serve(transport: Transport): Promise<void> {
    if (this.#stopping !== null) return transport.close();
    this.#serveCount += 1;
    const connection = new Connection(this.#host, transport, this.#serveCount);
    this.#served.add(connection);
    await connection.finished;
    this.#served.delete(connection);
  }

  stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.drainMs ?? 0);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(drainMs: number): Promise<void> {
    const connections = [...this.#sockets.connections, ...this.#served];
    if (this.#http.server.listening)
      this.#host.logger.log("info", "relay.draining", { connections: connections.length });
    const withinMs = Math.max(drainMs, COME_BACK_WITHIN_MS);
    for (const connection of connections) connection.leave({ afterMs: COME_BACK_AFTER_MS, withinMs });
    const gone = Promise.all(connections.map((connection) => connection.finished));
    await this.#atMost(drainMs, gone);
    await Promise.all(connections.map((connection) => connection.close("RELAY_STOPPING")));
    await gone;
    await this.#host.tenants.retiring.stop();
    await this.#http.close();
    await this.#transfers.finished();
  }

  /** Waits for `work`, but no longer than `ms`. */
  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#host.scheduler.after(ms, resolve);
    await Promise.race([work, promise]);
    cancel();
  }

  async #isReady(): Promise<boolean> {
    if (this.#stopping !== null) return false;
    try {
      await this.#host.store.state.get(READINESS_PROBE);
      return true;
    } catch (failure) {
      this.#host.logger.log("error", "store.failed", describeFailure(failure));
      return false;
    }
  }
}

const LISTEN_ERRORS: Readonly<Record<string, RelayErrorCode>> = {
  EADDRINUSE: "PORT_IN_USE",
  EACCES: "PORT_FORBIDDEN",
  EADDRNOTAVAIL: "ADDRESS_UNAVAILABLE",
  ENOTFOUND: "ADDRESS_UNAVAILABLE",
  EAI_AGAIN: "ADDRESS_UNAVAILABLE",
};

function listenError(cause: unknown): RelayError {
  const code = LISTEN_ERRORS[describeFailure(cause).code] ?? "LISTEN_FAILED";
  return new RelayError(code, "the relay cannot listen there", { cause });
}
