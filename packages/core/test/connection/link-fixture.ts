// A link's surroundings: a store, replicas, a relay that can be tampered with, and what a link is given.
import { nativeCrypto } from "@selkie/crypto/native";
import { type DatabaseId, equalBytes, type LoginKey, parseLoginKey, type Replica } from "@selkie/entry";
import { hasHoles, memoryStore } from "@selkie/store";
import { type Grant, pipe, runSession, type Transport } from "@selkie/sync-protocol";
import { expect } from "vitest";
import type { Handshake } from "../../src/connection/handshake.ts";
import type { LinkContext } from "../../src/connection/link.ts";
import { LocalState } from "../../src/local/local-state.ts";
import type { Platform } from "../../src/platform.ts";
import { MissingParts } from "../../src/replica/missing-parts.ts";
import { NamedEntries } from "../../src/replica/named-entries.ts";
import { SyncedReplica } from "../../src/replica/synced-replica.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

export const crypto = nativeCrypto;
export const store = memoryStore({ verifier: crypto, random: (length) => pattern("store", length) });
const login = await crypto.importSigningKey(pattern("login", 32));
/** Pauses end at once, and no time passes. */
export const platform = {
  crypto,
  now: () => 0,
  scheduler: {
    after: (ms: number, run: () => void) => {
      const timer = ms < 5_000 ? setImmediate(run) : null;
      return () => timer !== null && clearImmediate(timer);
    },
  },
} as unknown as Platform;

const entries = store.entries(testTenant, directoryDatabase);
export const local = new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant);
export const memoryOptions = {
  peer: pattern("relay", 16),
  later: () => () => undefined,
  report: (error: unknown) => expect.unreachable(String(error)),
};

export function replicaOf(database: DatabaseId, flush = async (): Promise<void> => undefined): SyncedReplica {
  const inner = store.entries(testTenant, database);
  return new SyncedReplica(inner, {
    reached: () => undefined,
    directory: null,
    ready: () => null,
    flush,
    applied: async () => undefined,
    forked: async () => undefined,
    named: new NamedEntries(() => undefined),
    missing: new MissingParts({ entries: inner, isMissing: hasHoles, isAlarming: true, alarm: () => undefined }),
    isOwn: () => false,
    wants: async () => null,
    replace: async () => null,
    room: { refusals: async (runs) => runs.map(() => null), tryAgain: () => false, forget: () => undefined },
    compare: () => undefined,
  });
}

/** Once it is open, nobody is told its position: who asks hears so. */
export function slowToAnswer(replica: SyncedReplica, slow: () => Promise<void>): SyncedReplica {
  let asked = 0;
  const position = replica.position.bind(replica);
  replica.position = async () => {
    asked += 1;
    if (asked > 1 && !equalBytes(replica.database, directoryDatabase)) await slow();
    return await position();
  };
  return replica;
}

export const directory = replicaOf(directoryDatabase);
export const FULL: Grant = { pull: true, push: true, purge: false };

export type Tap = (frame: Uint8Array, at: number) => readonly Uint8Array[];
const honest: Tap = (frame) => [frame];

function tapped(inner: Transport, tap: Tap): Transport {
  let at = 0;
  return {
    send: async (frame) => {
      for (const each of tap(frame, at++)) await inner.send(each);
    },
    receive: () => inner.receive(),
    close: () => inner.close(),
  };
}

/** A relay, and what happens to the frames it sends and gets. */
export function relay({
  sent = honest,
  got = honest,
  admits = true,
  grants = [FULL],
  holds = entries,
}: {
  sent?: Tap;
  got?: Tap;
  admits?: boolean;
  /** To the login, and then to whatever is presented. */
  grants?: readonly Grant[];
  /** What it keeps of every database that it is asked for. */
  holds?: Replica;
} = {}): Transport {
  const [near, far] = pipe();
  const next = [...grants];
  runSession(tapped(far, sent), {
    role: "listener",
    origin: ["wss://relay"],
    verifier: crypto,
    credentials: null,
    gatekeeper: {
      admit: async () =>
        admits ? { type: "admitted", rights: next.shift() ?? FULL } : { type: "refused", code: "NOT_ADMITTED" },
    },
    scheduler: platform.scheduler,
    random: (length) => crypto.randomBytes(length),
    open: async () => holds,
    generation: store.generation,
  });
  return tapped(near, got);
}

const key: LoginKey = parseLoginKey(login.publicKey);
export const handshake = (): Handshake => ({
  role: "dialler",
  origin: "wss://relay",
  generation: store.generation,
  gatekeeper: null,
  documents: null,
  credentials: {
    claim: async () => ({ type: "login", tenant: testTenant, key, documents: [] }),
    sign: async (label, payload) => {
      const [signature] = await crypto.signMany(login, label, [payload]);
      if (signature === undefined) throw new RangeError("one payload, one signature");
      return signature;
    },
  },
});

/** Of the directory alone, and nobody listens. */
export const context: Omit<LinkContext, "dial"> = {
  blobs: store.blobs(testTenant),
  uploads: null,
  url: null,
  platform,
  redial: true,
  handshake,
  relay: null,
  memory: null,
  replicas: () => [directory],
  replica: () => directory,
  isStale: () => false,
  isRevoked: () => false,
  onStatus: () => undefined,
  onNoRoom: () => undefined,
  onSession: () => undefined,
  onEnded: () => undefined,
};
