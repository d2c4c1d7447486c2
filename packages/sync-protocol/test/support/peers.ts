// Two sides of a session, on memory stores, in one process.
import type { DatabaseId, Replica, Vector, VerifiedRun } from "@selkie/entry";
import { memoryStore, type Store } from "@selkie/store";
import {
  pipe,
  runSession,
  type Session,
  type SessionEvents,
  type SessionOptions,
  type Transport,
} from "../../src/index.ts";
import { ManualScheduler } from "./scheduler.ts";
import { bytesOf, tenant, verifier } from "./writer.ts";

let serial = 0;

/** Bytes that never repeat within a test run, and are the same in the next. */
export function testRandom(length: number): Uint8Array {
  serial += 1;
  return bytesOf(`random ${serial}`, length);
}

/** A side: a store and what its sessions need. */
export class Peer {
  readonly store: Store;
  readonly scheduler = new ManualScheduler();

  constructor(store: Store = memoryStore({ verifier, random: testRandom })) {
    this.store = store;
  }

  replica(database: DatabaseId): Replica {
    return this.store.entries(tenant, database);
  }

  async vector(database: DatabaseId): Promise<Vector> {
    return await this.replica(database).vector();
  }

  options(change: Partial<SessionOptions> = {}): SessionOptions {
    return {
      role: "dialler",
      origin: "pipe:test",
      verifier,
      credentials: null,
      gatekeeper: null,
      scheduler: this.scheduler,
      random: testRandom,
      open: async (_tenant, database) => this.replica(database),
      generation: this.store.generation,
      tenant,
      ...change,
    };
  }
}

/** A side that holds these runs. */
export async function holding(database: DatabaseId, ...runs: readonly VerifiedRun[]): Promise<Peer> {
  const peer = new Peer();
  await peer.replica(database).append(runs);
  return peer;
}

export interface Connection extends AsyncDisposable {
  /** The dialler's session. */
  readonly a: Session;
  /** The listener's session. */
  readonly b: Session;
}

export interface ConnectOptions {
  readonly transports?: readonly [Transport, Transport];
  readonly a?: Partial<SessionOptions>;
  readonly b?: Partial<SessionOptions>;
}

/** Connects two peers; the first dials. */
export function connect(a: Peer, b: Peer, options: ConnectOptions = {}): Connection {
  const [left, right] = options.transports ?? pipe();
  const sessions = {
    a: runSession(left, a.options({ role: "dialler", ...options.a })),
    b: runSession(right, b.options({ role: "listener", ...options.b })),
  };
  return {
    ...sessions,
    async [Symbol.asyncDispose]() {
      await sessions.a.close();
      await sessions.b.close();
    },
  };
}

/** Collects the events of a type. */
export function collect<Type extends keyof SessionEvents>(session: Session, type: Type): SessionEvents[Type][] {
  const events: SessionEvents[Type][] = [];
  session.on(type, (event) => events.push(event));
  return events;
}

/** A replica that does some things differently from another. */
export function altered(inner: Replica, change: Partial<Replica>): Replica {
  return {
    database: inner.database,
    vector: () => inner.vector(),
    read: (writer, from, limit) => inner.read(writer, from, limit),
    readAfter: (position, limit) => inner.readAfter(position, limit),
    position: () => inner.position(),
    append: (runs) => inner.append(runs),
    ...change,
  };
}
