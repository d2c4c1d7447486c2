import type { VerifiedRun } from "@selkie/entry";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Connection, connect, Peer } from "../support/peers.ts";
import { breakingPipe } from "../support/transports.ts";
import { databaseOf, TestWriter } from "../support/writer.ts";

const database = databaseOf("converging");
const WRITERS = 4;
/** Runs of each writer, of these lengths. */
const LENGTHS = [1, 3, 2, 5, 1, 8];

/** What happens between peers: contents appear, connections break after a number of frames, at last one holds. */
const event = fc.oneof(
  fc.record({ type: fc.constant("append" as const), peer: fc.nat(2), writer: fc.nat(WRITERS - 1) }),
  fc.record({
    type: fc.constant("connect" as const),
    a: fc.nat(2),
    b: fc.nat(2),
    frames: fc.nat(24),
    slice: fc.integer({ min: 400, max: 4_000 }),
    window: fc.integer({ min: 1, max: 8_000 }),
    position: fc.nat(40),
  }),
);

describe("replicas", () => {
  test("converge after any interruptions, whatever each held, and hold what anybody wrote", async () => {
    const chains = await writeChains();
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 14 }), async (events) => {
        const peers = [new Peer(), new Peer(), new Peer()] as const;
        const written = Array.from({ length: WRITERS }, () => 0);
        for (const item of events) {
          if (item.type === "append") {
            const peer = peers[item.peer];
            const run = chains[item.writer]?.[written[item.writer] ?? 0];
            if (peer === undefined || run === undefined) continue;
            const [result] = await peer.replica(database).append([run]);
            if (result?.type === "appended") written[item.writer] = (written[item.writer] ?? 0) + 1;
          } else if (item.a !== item.b) {
            const [a, b] = [peers[item.a], peers[item.b]];
            if (a !== undefined && b !== undefined) await interrupted(a, b, item);
          }
        }
        for (const [a, b] of [
          [0, 1],
          [1, 2],
          [0, 1],
        ] as const) {
          await using connection = connect(peers[a], peers[b]);
          await open(connection, peers[a], {});
          await connection.a.synced([database]);
        }
        const vectors = await Promise.all(peers.map((peer) => peer.vector(database)));
        expect(vectors[1]).toEqual(vectors[0]);
        expect(vectors[2]).toEqual(vectors[0]);
        expect(vectors[0]?.size).toBe(written.filter((count) => count > 0).length);
        for (const [writer, count] of written.entries()) {
          const last = chains[writer]?.[count - 1]?.entries.at(-1);
          if (last !== undefined) expect([...(vectors[0] ?? [])].map(([, head]) => head.id)).toContainEqual(last.id);
        }
      }),
      { numRuns: 150, verbose: 1 },
    );
  });
});

interface Interruption {
  readonly frames: number;
  readonly slice: number;
  readonly window: number;
  readonly position: number;
}

async function interrupted(a: Peer, b: Peer, { frames, slice, window, position }: Interruption): Promise<void> {
  const limits = { sliceBytes: slice, windowBytes: window };
  const connection = connect(a, b, { transports: breakingPipe(frames), a: { limits }, b: { limits } });
  const work = (async () => {
    await open(connection, a, position % 2 === 0 ? {} : { position });
    await connection.a.synced([database]);
  })();
  await Promise.race([Promise.allSettled([work]), connection.a.closed]);
  await connection[Symbol.asyncDispose]();
}

async function open(connection: Connection, peer: Peer, options: { readonly position?: number }): Promise<void> {
  await connection.a.openDatabases([{ replica: peer.replica(database), ...options }]);
}

async function writeChains(): Promise<readonly (readonly VerifiedRun[])[]> {
  const chains: VerifiedRun[][] = [];
  for (let index = 0; index < WRITERS; index++) {
    const writer = await TestWriter.of(`writer ${index}`, database);
    const runs: VerifiedRun[] = [];
    for (const length of LENGTHS) runs.push(await writer.write(length));
    chains.push(runs);
  }
  return chains;
}
