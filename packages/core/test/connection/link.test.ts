import { nativeCrypto } from "@selkie/crypto/native";
import { type LoginKey, parseLoginKey } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { DIRECTORY_ONLY, type Grant, pipe, runSession, type SyncError, type Transport } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import type { Handshake } from "../../src/connection/handshake.ts";
import { Link } from "../../src/connection/link.ts";
import type { Platform } from "../../src/platform.ts";
import { MissingParts } from "../../src/replica/missing-parts.ts";
import { NamedEntries } from "../../src/replica/named-entries.ts";
import { SyncedReplica } from "../../src/replica/synced-replica.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

const crypto = nativeCrypto;
const store = memoryStore({ verifier: crypto, random: (length) => pattern("store", length) });
const login = await crypto.importSigningKey(pattern("login", 32));
/** Pauses end at once. */
const platform = {
  crypto,
  scheduler: {
    after: (ms: number, run: () => void) => {
      const timer = ms < 5_000 ? setImmediate(run) : null;
      return () => timer !== null && clearImmediate(timer);
    },
  },
} as unknown as Platform;

const entries = store.entries(testTenant, directoryDatabase);
const directory = new SyncedReplica(entries, {
  flush: async () => undefined,
  applied: async () => undefined,
  forked: async () => undefined,
  named: new NamedEntries(() => undefined),
  missing: new MissingParts({ entries, alarm: () => undefined }),
  replace: async () => null,
});
const FULL: Grant = { pull: true, push: true, purge: false };

type Tap = (frame: Uint8Array, at: number) => readonly Uint8Array[];
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
function relay({
  sent = honest,
  got = honest,
  admits = true,
  grants = [FULL],
}: {
  sent?: Tap;
  got?: Tap;
  admits?: boolean;
  /** To the login, and then to whatever is presented. */
  grants?: readonly Grant[];
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
    open: async () => entries,
    generation: store.generation,
  });
  return tapped(near, got);
}

const key: LoginKey = parseLoginKey(login.publicKey);
const handshake = (): Handshake => ({
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

/** A link over these connections, one after the other; resolves when it is online or has ended. */
async function run(connections: (() => Transport)[], isRevoked = false) {
  const seen: string[] = [];
  const came = Promise.withResolvers<void>();
  const link = new Link({
    platform,
    dial: async () => {
      const next = connections.shift();
      if (next === undefined) throw new RangeError("no further connection");
      return next();
    },
    redial: true,
    handshake,
    memory: null,
    replicas: () => [directory],
    replica: () => undefined,
    isStale: () => false,
    isRevoked: () => isRevoked,
    onStatus: (status, error) => {
      seen.push(error === null ? status : `${status} ${(error as SyncError).code}`);
      if (status !== "offline") came.resolve();
    },
    onSession: () => undefined,
    onEnded: () => undefined,
  });
  await came.promise;
  const until = [...seen];
  await link[Symbol.asyncDispose]();
  return until;
}

/** What went over earlier connections, in each direction. */
async function recorded(admits: boolean): Promise<{ sent: Uint8Array[]; got: Uint8Array[] }> {
  const frames = { sent: [] as Uint8Array[], got: [] as Uint8Array[] };
  const record =
    (to: Uint8Array[]): Tap =>
    (frame) => {
      to.push(frame.slice());
      return [frame];
    };
  await run([() => relay({ sent: record(frames.sent), got: record(frames.got), admits })]);
  return frames;
}

describe("a link", () => {
  test("ends for good when the relay does not admit it", async () => {
    expect(await run([() => relay({ admits: false })])).toEqual(["refused REFUSED_BY_PEER"]);
  });

  test("ends for good when the relay lets it read the directory only, and the directory says that it was removed", async () => {
    expect(await run([() => relay({ grants: [DIRECTORY_ONLY] })], true)).toEqual(["refused DEVICE_REVOKED"]);
  });

  test("A3 goes on trying when a relay says so and the directory does not: a relay's word removes nobody", async () => {
    const only = { grants: [DIRECTORY_ONLY, DIRECTORY_ONLY] };
    const seen = await run([() => relay(only), () => relay(only), () => relay()]);
    expect(seen).toEqual(["offline REFUSED_BY_PEER", "online"]);
  });

  test("comes up over the same connection when what it presents then gives it back its rights", async () => {
    expect(await run([() => relay({ grants: [DIRECTORY_ONLY, FULL] })])).toEqual(["online"]);
  });

  test.each(["sent", "got"] as const)(
    "comes up in the end, whatever old frame that the relay %s is played on it",
    async (way) => {
      const old = [...(await recorded(true))[way], ...(await recorded(false))[way]];
      const ends = new Set<string>();
      for (const frame of old) {
        for (let place = 0; place < 3; place++) {
          const replaying: Tap = (own, at) => (at === place ? [frame, own] : [own]);
          const seen = await run([() => relay({ [way]: replaying }), () => relay()]);
          expect(seen.at(-1), `type ${frame[0]} at ${place}`).toBe("online");
          for (const status of seen) ends.add(status);
        }
      }
      expect(ends).toContain(way === "sent" ? "offline FRAME_MISPLACED" : "offline REFUSED_BY_PEER");
      expect([...ends].filter((status) => status.startsWith("offline")).length).toBeGreaterThan(1);
    },
  );
});
