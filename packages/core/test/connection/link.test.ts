import { type DatabaseId, equalBytes, parseDatabaseId, toHex } from "@selkie/entry";
import { DIRECTORY_ONLY, pipe, runSession, type SyncError, type Transport } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import { Link } from "../../src/connection/link.ts";
import { PeerMemory } from "../../src/connection/peer-memory.ts";
import { CoreError } from "../../src/errors.ts";
import type { Platform } from "../../src/platform.ts";
import type { SyncedReplica } from "../../src/replica/synced-replica.ts";
import { pattern, testTenant } from "../fixture.ts";
import {
  context,
  crypto,
  directory,
  FULL,
  handshake,
  local,
  memoryOptions,
  platform,
  relay,
  replicaOf,
  slowToAnswer,
  store,
  type Tap,
} from "./link-fixture.ts";

/** A link over these connections, one after the other; resolves when it is online or has ended. */
async function run(connections: (() => Transport)[], isRevoked = false) {
  const seen: string[] = [];
  const came = Promise.withResolvers<void>();
  const link = new Link({
    ...context,
    dial: async () => {
      const next = connections.shift();
      if (next === undefined) throw new RangeError("no further connection");
      return next();
    },
    isRevoked: () => isRevoked,
    onStatus: (status, error) => {
      seen.push(error === null ? status : `${status} ${(error as SyncError).code}`);
      if (status !== "offline") came.resolve();
    },
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

  test("is not waited for by who has given up before, nor by who gives up meanwhile", async () => {
    const dialled = Promise.withResolvers<Transport>();
    const link = new Link({ ...context, dial: () => dialled.promise });
    const given = AbortSignal.abort("given up");
    const late = new AbortController();
    const waiting = [link.settled(late.signal), link.synced({ signal: late.signal })];
    await expect(link.settled(given)).rejects.toBe("given up");
    await expect(link.synced({ signal: given })).rejects.toBe("given up");
    late.abort("later");
    expect(await Promise.allSettled(waiting)).toEqual(
      Array.from(waiting, () => ({ status: "rejected", reason: "later" })),
    );
    dialled.resolve(relay());
    await link[Symbol.asyncDispose]();
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

describe("more databases than the other side takes at a time", () => {
  const replicas = Array.from({ length: 6 }, (_, at) => replicaOf(parseDatabaseId(pattern(`database ${at}`, 32))));
  const id = (replica: SyncedReplica | undefined): string => toHex(replica?.database ?? new Uint8Array());

  /** A relay, or a device that dials, which takes so many, opens some itself, and remembers what is open to it. */
  function narrow(
    kind: "relay" | "peer",
    databases: number,
    {
      opens = [],
      silentOn,
      slow,
      without,
    }: {
      without?: SyncedReplica;
      opens?: readonly SyncedReplica[];
      silentOn?: DatabaseId;
      slow?: () => Promise<void>;
    } = {},
  ) {
    const [near, far] = pipe();
    const followed = new Set<string>();
    const asked = Promise.withResolvers<void>();
    const session = runSession(far, {
      ...(kind === "relay"
        ? { role: "listener", origin: ["wss://relay"] }
        : { role: "dialler", origin: "wss://relay" }),
      verifier: crypto,
      credentials: null,
      gatekeeper: null,
      tenant: testTenant,
      scheduler: platform.scheduler,
      random: (length) => crypto.randomBytes(length),
      open: async (_, database) => {
        if (without !== undefined && equalBytes(database, without.database)) return undefined;
        followed.add(toHex(database));
        if (silentOn !== undefined && equalBytes(database, silentOn)) {
          asked.resolve();
          await new Promise(() => undefined);
        }
        return slow === undefined ? store.entries(testTenant, database) : slowToAnswer(replicaOf(database), slow);
      },
      generation: store.generation,
      limits: { databases },
    });
    session.on("closed", ({ database }) => followed.delete(toHex(database)));
    const opened = session.ready.then(() => session.openDatabases(opens.map((replica) => ({ replica }))));
    return { kind, transport: near, followed, session, opened, asked: asked.promise };
  }

  /** A link, the databases that are open, and what it said. */
  async function up(other: ReturnType<typeof narrow>, open: SyncedReplica[], on = platform) {
    const errors: string[] = [];
    const dials: number[] = [];
    const link = new Link({
      ...context,
      platform: on,
      dial: async () => {
        dials.push(1);
        return other.transport;
      },
      handshake: () =>
        other.kind === "relay"
          ? handshake()
          : { ...handshake(), role: "listener", origin: ["wss://relay"], credentials: null },
      memory: other.kind === "relay" ? new PeerMemory(local, store.state, memoryOptions) : null,
      replicas: () => [directory, ...open],
      replica: (database) => [directory, ...open].find((each) => id(each) === toHex(database)),
      onStatus: (status, error) => void (error !== null && errors.push(`${status} ${(error as SyncError).code}`)),
      onNoRoom: ({ code }) => errors.push(code),
    });
    await link.settled();
    return { link, errors, dials };
  }

  test.each(["relay", "peer"] as const)(
    "are synced as far as they fit at a %s, the directory first; the rest is reported, and follows when there is room",
    async (kind) => {
      const other = narrow(kind, 4);
      const open = [...replicas];
      const { link, errors, dials } = await up(other, open);
      expect(link.status).toBe("online");
      expect(errors).toEqual(["TOO_MANY_DATABASES"]);
      expect([...other.followed]).toEqual([id(directory), ...replicas.slice(0, 3).map(id)]);
      await expect(link.synced()).rejects.toMatchObject({ code: "TOO_MANY_DATABASES" });
      expect(await link.catchUp(() => replicas.slice(0, 3), {})).toBe(true);
      expect(await link.catchUp(() => replicas, {})).toBe(false);

      for (const closed of open.splice(0, 2)) await link.leave(closed.database);
      expect([...other.followed].sort()).toEqual([directory, ...replicas.slice(2, 5)].map(id).sort());
      await expect(link.synced()).rejects.toMatchObject({ code: "TOO_MANY_DATABASES" });
      for (const closed of open.splice(0, 1)) await link.leave(closed.database);
      await link.synced();
      expect([...other.followed].sort()).toEqual([directory, ...replicas.slice(3)].map(id).sort());
      expect([link.status, errors, dials.length]).toEqual(["online", ["TOO_MANY_DATABASES"], 1]);
      await link[Symbol.asyncDispose]();
      await other.session.close();
    },
  );

  test("do not count where the other side opens them itself", async () => {
    const other = narrow("peer", 4, { opens: replicas });
    const { link } = await up(other, [...replicas]);
    await other.opened;
    await link.synced();
    await link[Symbol.asyncDispose]();
    await other.session.close();
  });

  test("D12 that it does not answer about are not waited for: neither who closes one, nor who gives up", async () => {
    const [first, silent] = replicas;
    if (first === undefined || silent === undefined) return expect.fail("replicas");
    const other = narrow("relay", 2, { silentOn: silent.database });
    const waiting = new Set<() => void>();
    const slow = {
      crypto,
      scheduler: {
        after: (ms: number, run: () => void) => {
          if (ms < 30_000) waiting.add(run); // the other side is there still
          return () => void waiting.delete(run);
        },
      },
    } as unknown as Platform;
    const open = [first, silent];
    const { link } = await up(other, open, slow);
    open.shift();
    const closed = link.leave(first.database); // which leaves room for the silent one
    await other.asked;
    const stop = new AbortController();
    const syncing = link.catchUp(() => [silent], { signal: stop.signal });
    stop.abort(new RangeError("enough"));
    await expect(syncing).rejects.toThrow("enough");
    open.shift();
    const left = link.leave(silent.database);
    for (const run of waiting) run();
    await Promise.all([closed, left]);
    await link[Symbol.asyncDispose]();
    await other.session.close();
  });

  test("D12 are said to be left out also while what is written here has to wait", async () => {
    const held = replicaOf(parseDatabaseId(pattern("held", 32)), async () => {
      throw new CoreError("DIRECTORY_STALE", "it has to wait");
    });
    const other = narrow("peer", 2);
    const { link } = await up(other, [held, ...replicas]);
    expect(await link.catchUp(() => [held], {})).toBe(true);
    expect(await link.catchUp(() => [held, ...replicas], {})).toBe(false);
    await expect(link.synced()).rejects.toMatchObject({ code: "TOO_MANY_DATABASES" });
    await link[Symbol.asyncDispose]();
    await other.session.close();
  });

  test("D12 of one that the other side closes halfway not all is here: who waits for it alone goes on, a revocation knows", async () => {
    const [first, second] = replicas;
    if (first === undefined || second === undefined) return expect.fail("replicas");
    const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = (): Promise<void> => {
      asked.resolve();
      return answered.promise;
    };
    const other = narrow("peer", 4, { slow });
    const { link } = await up(other, [first, second]);
    expect(await link.catchUp(() => [directory], {})).toBe(true);
    const outcomes = [link.catchUp(() => [first, second], {}), link.catchUp(() => [second], {}), link.synced()];
    await asked.promise;
    await other.session.closeDatabases([first.database]);
    answered.resolve();
    expect(await Promise.all(outcomes)).toEqual([false, true, undefined]);
    expect(await link.catchUp(() => [first, second], {})).toBe(true); // it is not open there any more
    await link[Symbol.asyncDispose]();
    await other.session.close();
  });

  test.each(["relay", "peer"] as const)(
    "B6 of what a %s does not take nobody believes that it is kept there",
    async (kind) => {
      const [taken, refused] = replicas;
      if (taken === undefined || refused === undefined) return expect.fail("replicas");
      const open = [taken, refused];
      const other = narrow(kind, 4, { without: refused });
      const { link } = await up(other, open);
      const isRelay = kind === "relay";
      if (isRelay) await expect(link.synced()).rejects.toMatchObject({ code: "UNKNOWN_DATABASE" });
      else await link.synced(); // it may have nothing of it
      expect(await link.catchUp(() => [refused], {})).toBe(!isRelay);
      expect(await link.catchUp(() => [taken], {})).toBe(true);
      open.pop();
      await link.leave(refused.database);
      await link.synced();
      await link[Symbol.asyncDispose]();
      await other.session.close();
    },
  );

  test("may be opened and closed over and over, and opened again before they are closed", async () => {
    const other = narrow("relay", 3);
    const open: SyncedReplica[] = [];
    const { link, errors } = await up(other, open);
    for (let times = 0; times < 20; times += 1)
      for (const { database } of replicas) {
        const fresh = replicaOf(database);
        open.push(fresh);
        link.join(fresh);
        open.splice(open.indexOf(fresh), 1);
        const left = link.leave(database);
        if (times % 2 === 0) await left;
      }
    open.push(...replicas.slice(0, 2));
    link.join(...open);
    await link.synced();
    expect([...other.followed].sort()).toEqual([directory, ...open].map(id).sort());
    expect(errors).not.toContain("offline");
    await link[Symbol.asyncDispose]();
    await other.session.close();
  });
});
