import type { VerifiedRun } from "@selkie/entry";
import { toHex } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pipe, SyncError } from "../../src/index.ts";
import { connect, Peer } from "../support/peers.ts";
import { face, settled } from "../support/raw-peer.ts";
import { changing } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("corrupted");

const mutation = fc.record({
  side: fc.nat(1),
  frame: fc.nat(14),
  kind: fc.constantFrom("flip", "drop", "repeat", "swap", "cut", "grow", "random"),
  at: fc.nat(),
  value: fc.integer({ min: 1, max: 255 }),
  junk: fc.uint8Array({ maxLength: 60 }),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

describe("a session", () => {
  test("B1 whose frames are changed, lost, repeated or replaced ends typed or goes on, and never takes a wrong entry", async () => {
    const [left, right] = [await chain("alice", [2, 1, 4]), await chain("bob", [3, 3])];
    const genuine = new Set([...left, ...right].flatMap(({ entries }) => entries.map(({ id }) => toHex(id))));
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const [a, b] = [new Peer(), new Peer()];
        await a.replica(database).append(left);
        await b.replica(database).append(right);
        const ends = pipe();
        const transports = [
          changing(ends[0], mutating(0, mutations)),
          changing(ends[1], mutating(1, mutations)),
        ] as const;
        const limits = { sliceBytes: 1_000 };
        const connection = connect(a, b, { transports, a: { limits }, b: { limits } });
        const work = (async () => {
          await connection.a.openDatabases([{ replica: a.replica(database) }]);
          await connection.a.synced([database]);
        })().catch((error: unknown) => error);
        const outcome = await Promise.race([work, settled().then(() => "stalled" as const)]);
        if (outcome !== undefined && outcome !== "stalled") expect(outcome).toBeInstanceOf(SyncError);
        await connection[Symbol.asyncDispose]();
        for (const session of [connection.a, connection.b]) {
          const end = await session.closed;
          expect(end === null || end instanceof SyncError).toBe(true);
        }
        for (const peer of [a, b]) {
          for (const { id } of (await peer.vector(database)).values()) expect(genuine.has(toHex(id))).toBe(true);
        }
        await using again = connect(a, b);
        await again.a.openDatabases([{ replica: a.replica(database) }]);
        await again.a.synced([database]);
        expect(await a.vector(database)).toEqual(await b.vector(database));
        expect((await a.vector(database)).size).toBe(2);
      }),
      { numRuns: 400 },
    );
  });

  test("fed random frames ends typed, at once, in either role", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("dialler" as const, "listener" as const),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 120 }), { minLength: 1, maxLength: 5 }),
        async (role, frames) => {
          const { session, raw } = await face(new Peer(), role);
          for (const frame of frames) {
            frame[0] = (frame[0] ?? 0) % 19;
            await raw.sendFrame(frame).catch(() => undefined);
          }
          await raw.transport.close();
          expect(await session.closed).toBeInstanceOf(SyncError);
        },
      ),
      { numRuns: 500 },
    );
  });
});

async function chain(name: string, lengths: readonly number[]): Promise<readonly VerifiedRun[]> {
  const writer = await TestWriter.of(name, database);
  const runs: VerifiedRun[] = [];
  for (const length of lengths) runs.push(await writer.write(length));
  return runs;
}

function mutating(
  side: number,
  mutations: readonly Mutation[],
): (frame: Uint8Array, index: number) => readonly Uint8Array[] {
  let held: Uint8Array | null = null;
  return (frame, index) => {
    const hit = mutations.find((item) => item.side === side && item.frame === index);
    if (hit === undefined) {
      const released = held === null ? [frame] : [frame, held];
      held = null;
      return released;
    }
    switch (hit.kind) {
      case "flip":
        return [frame.with(hit.at % frame.length, (frame[hit.at % frame.length] ?? 0) ^ hit.value)];
      case "drop":
        return [];
      case "repeat":
        return [frame, frame];
      case "swap":
        held = frame;
        return [];
      case "cut":
        return [frame.subarray(0, hit.at % frame.length)];
      case "grow":
        return [Uint8Array.from([...frame, ...hit.junk])];
      default:
        return [hit.junk];
    }
  };
}
