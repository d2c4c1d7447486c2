// One peer, from its first frame to its last: a session of sync-protocol as listener, which proves nothing and asks for a login.

import type { DatabaseId, Replica, TenantId, Verifier } from "@selkie/entry";
import type { Store } from "@selkie/store";
import {
  type Admission,
  type Claim,
  type Grant,
  runSession,
  type Scheduler,
  type Session,
  type SyncError,
  type SyncErrorCode,
  type Transport,
} from "@selkie/sync-protocol";
import type { Counters } from "../counters.ts";
import type { RelayRefusalCode } from "../errors.ts";
import type { IssuedTicket, Tickets } from "../http/tickets.ts";
import type { RelayLimits } from "../limits.ts";
import type { LogFields, Logger, LogLevel } from "../log/log.ts";
import { describeFailure, logTag } from "../log/redaction.ts";
import type { LiveDatabases, Subscriber } from "../replica/live-databases.ts";
import { RelayReplica } from "../replica/relay-replica.ts";
import type { Admitted } from "../tenants/tenant.ts";
import type { Tenants } from "../tenants/tenants.ts";
import { Closers } from "./closers.ts";
import { budgetedVerifier } from "./signature-budget.ts";

/** What all connections of a relay share. */
export interface ConnectionHost {
  readonly store: Store;
  readonly tenants: Tenants;
  readonly databases: LiveDatabases;
  readonly tickets: Tickets;
  readonly verifier: Verifier;
  readonly scheduler: Scheduler;
  readonly limits: Readonly<RelayLimits>;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly random: (length: number) => Uint8Array;
  /** ms on a steady clock. */
  readonly now: () => number;
  /** The origins that clients dial to reach this relay. */
  readonly origins: () => readonly string[];
}

/** How sessions end every day: the peer goes, as it came. */
const ORDINARY_ENDS: ReadonlySet<SyncErrorCode> = new Set(["TRANSPORT_CLOSED", "PEER_LEAVING"]);

/** A connection that is being served. */
export class Connection {
  /** Resolves once the peer is admitted, or it is over. */
  readonly settled: Promise<void>;
  /** It is over, and everything it held is given back. Never rejects. */
  readonly finished: Promise<void>;
  readonly #host: ConnectionHost;
  readonly #number: number;
  readonly #session: Session;
  readonly #subscriber: Subscriber;
  readonly #closers = new Closers();
  #admitted: Admitted | null = null;
  #ticket: IssuedTicket | null = null;
  #isOver = false;

  /** Serves a peer over any transport. `number` names the connection in the log. */
  constructor(host: ConnectionHost, transport: Transport, number: number) {
    this.#host = host;
    this.#number = number;
    const { verifier, scheduler, limits, counters, now, random, store } = host;
    this.#session = runSession(transport, {
      role: "listener",
      origin: host.origins(),
      verifier: budgetedVerifier({ ...limits, verifier, scheduler, counters, now }),
      credentials: null,
      gatekeeper: { admit: (claim) => this.#admit(claim) },
      scheduler,
      random,
      open: async (tenant, database) => this.#open(tenant, database),
      blobs: {
        read: async (_tenant, hash, range) =>
          this.#admitted === null ? null : await host.tenants.blobs.read(this.#admitted, hash, range),
      },
      ticket: () => this.#issueTicket(),
      generation: store.generation,
      limits: {
        databases: limits.databasesPerSession,
        handshakeMs: limits.handshakeMs,
        silenceMs: limits.heartbeatMs,
      },
    });
    this.#subscriber = {
      announce: (database) => this.#session.announce(database),
      compare: (database) => this.#session.compare(database),
    };
    this.#session.on("closed", ({ database }) => this.#closers.close(database));
    counters.move("sessions", 1);
    this.settled = this.#session.ready.then(ignore, ignore);
    this.finished = this.#session.closed.then((failure) => this.#finish(failure));
  }

  /** Asks the peer to finish what is in flight, and to come back later. One that was never let in has nothing to finish. */
  leave(when: { readonly afterMs: number; readonly withinMs: number }): void {
    if (this.#admitted === null) void this.close("RELAY_STOPPING");
    else this.#session.leave(when);
  }

  /** Ends the session; `code` is told to the peer. */
  close(code: RelayRefusalCode): Promise<void> {
    return this.#session.close(code);
  }

  /** First the login; later the documents that an open session presents. */
  async #admit(claim: Claim): Promise<Admission> {
    const askedAt = this.#host.now();
    const grant = await this.#grantFor(claim);
    if (typeof grant !== "string") return { type: "admitted", rights: grant };
    // SECURITY: an unknown tenant, an unknown key and a stale document take equally long and read alike. Test: login.test.ts "F3 ...".
    await this.#wait(this.#host.limits.refusalMs - (this.#host.now() - askedAt));
    this.#host.counters.count("logins_refused_total");
    return { type: "refused", code: grant };
  }

  async #grantFor(claim: Claim): Promise<Grant | RelayRefusalCode> {
    const { tenants, counters } = this.#host;
    if (claim.type !== "login") return "LOGIN_REFUSED";
    if (this.#admitted !== null) return tenants.present(this.#admitted, claim.documents);
    const { tenant, key, documents } = claim;
    const admitted = await tenants.admit({ tenant, key, documents, drop: (code) => void this.close(code) });
    if (admitted === null) return "LOGIN_REFUSED";
    this.#admitted = admitted;
    const { grant } = admitted.login;
    counters.count(grant?.directoryOnly === true ? "logins_directory_only_total" : "logins_admitted_total");
    const scope = grant?.directoryOnly === true ? "directory" : "all";
    this.#log("info", "session.admitted", { tenant: this.#tag(tenant), login: this.#tag(key), scope });
    // The peer may have gone while its documents were checked.
    if (this.#isOver) await this.#release(admitted);
    return admitted.login.grant ?? "LOGIN_ENDED";
  }

  #open(tenant: TenantId, database: DatabaseId): Replica | undefined {
    const { store, databases, counters, logger } = this.#host;
    if (this.#admitted === null || this.#isOver) return undefined;
    const { tenant: at, login } = this.#admitted;
    if (!at.mayOpen(login, database)) return undefined;
    const { live, close } = databases.open(tenant, database, this.#subscriber);
    this.#closers.add(database, close);
    const entries = store.entries(tenant, database);
    return new RelayReplica({
      store,
      entries,
      admitted: this.#admitted,
      live,
      subscriber: this.#subscriber,
      counters,
      logger,
    });
  }

  /** One ticket a session, made when it is first asked for; it ends with the session. */
  #issueTicket(): Uint8Array | null {
    if (this.#admitted === null || this.#isOver) return null;
    this.#ticket ??= this.#host.tickets.issue(this.#admitted);
    return this.#ticket.bytes;
  }

  async #finish(failure: SyncError | null): Promise<void> {
    const { counters } = this.#host;
    this.#isOver = true;
    this.#ticket?.end();
    this.#closers.closeAll();
    counters.move("sessions", -1);
    const isOrdinary = failure === null || ORDINARY_ENDS.has(failure.code);
    if (!isOrdinary) counters.count("sessions_failed_total");
    this.#log(isOrdinary ? "debug" : "info", "session.closed", {
      code: failure?.code ?? "none",
      reason: failure?.reason ?? "none",
      ...(failure?.cause === undefined ? {} : { cause: describeFailure(failure.cause).code }),
    });
    if (this.#admitted !== null) await this.#release(this.#admitted);
  }

  async #release(admitted: Admitted): Promise<void> {
    try {
      await this.#host.tenants.leave(admitted);
    } catch (failure) {
      // Only the correction of a usage number is lost, and it is too high, never too low.
      this.#log("warn", "usage.not-saved", describeFailure(failure));
    }
  }

  #wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise((resolve) => void this.#host.scheduler.after(ms, resolve));
  }

  #tag(bytes: Uint8Array): LogFields[string] {
    return logTag(this.#host.verifier, bytes);
  }

  #log(level: LogLevel, event: string, fields: LogFields): void {
    this.#host.logger.log(level, event, { connection: this.#number, ...fields });
  }
}

function ignore(): void {
  // How a session ended is told by `closed`.
}
