// THREATS part 3, exhaustion: what strangers send and do not finish, while a member goes on.
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { TestClient } from "../fixtures/test-client.ts";
import { TempDirectory } from "../fixtures/test-relay.ts";
import { memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";
import { LoadRelay } from "./load-relay.ts";

const FULL = process.env["SELKIE_TEST_FULL"] !== undefined;
const EACH = FULL ? 1_000 : 40;
const ROUNDS = FULL ? 10 : 3;
const PUSHES = 5;
const MOST = 64 * 2 ** 20;

const upgrade = [
  "GET /sync HTTP/1.1",
  "Host: x",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString("base64")}`,
  "",
  "",
].join("\r\n");
/** A masked frame of 8 MiB is announced. */
const announced = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0, 0, 0, 0]);

/** What one of them sends at first, and again and again. */
const ways: Readonly<Record<string, readonly [first: string | Buffer, more: string | Buffer]>> = {
  "half of a request, and a header a time": ["GET /sync HTTP/1.1\r\nHost: x\r\n", "X-More: of it\r\n"],
  "an open door, and nothing": [upgrade, ""],
  "a frame of 8 MiB, in pieces": [Buffer.concat([Buffer.from(upgrade), announced]), Buffer.alloc(65_536)],
  "hello after hello": [upgrade, Buffer.from([0x82, 0x83, 0, 0, 0, 0, 1, 1, 1])],
  "requests without end, never reading": ["", "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50)],
};

test(`F4 ${EACH} strangers of each kind, who send and do not finish, cost the relay at most 64 MB, and a member's entries go through`, {
  timeout: 600_000,
}, async () => {
  await using directory = await TempDirectory.create();
  await using relay = await LoadRelay.start(directory);
  const [acme, alice] = [new TestTenant("acme"), memberOf("alice")];
  await using member = await TestClient.login(relay.url, acme, alice, [alice]);
  const database = databaseOf("things");
  await member.open(database);
  const chain = new TestWriter(database, "writer");
  const push = async (): Promise<number> => {
    const started = performance.now();
    await member.push(await chain.write());
    return performance.now() - started;
  };
  for (let times = 0; times < 20; times += 1) await push();
  const quiet = await several(push);
  const before = await relay.measure();
  for (const [way, [first, more]] of Object.entries(ways)) {
    const strangers = Array.from({ length: EACH }, () => stranger(relay.url, first));
    const took: number[] = [];
    let most = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const socket of strangers) if (!socket.destroyed) socket.write(more);
      took.push(...(await several(push, PUSHES)));
      most = Math.max(most, (await relay.measure()).held);
    }
    console.log(`${way}: ${Math.round((most - before.held) / 2 ** 20)} MiB, ${p90(took)} ms (${p90(quiet)} before)`);
    expect(most - before.held, way).toBeLessThan(MOST);
    for (const socket of strangers) socket.destroy();
  }
  expect(await member.count(database)).toBe(20 + quiet.length + Object.keys(ways).length * ROUNDS * PUSHES);
});

function stranger(url: string, first: string | Buffer): Socket {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined); // that it is cut is what is hoped for
  if (first.length > 0) socket.write(first);
  return socket;
}

async function several(push: () => Promise<number>, count = 20): Promise<readonly number[]> {
  const took: number[] = [];
  while (took.length < count) took.push(await push());
  return took;
}

const p90 = (list: readonly number[]): number =>
  Math.round([...list].sort((a, b) => a - b)[Math.floor(list.length * 0.9)] ?? 0);
