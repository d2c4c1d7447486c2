// THREATS part 3: one writer to many readers, and readers that never read.
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { TestClient } from "../fixtures/test-client.ts";
import { TempDirectory } from "../fixtures/test-relay.ts";
import { loginOf, memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";
import { LoadRelay } from "./load-relay.ts";
import { Reader } from "./reader.ts";

const FULL = process.env["SELKIE_TEST_FULL"] !== undefined;
const MiB = 2 ** 20;
const [acme, alice] = [new TestTenant("acme"), memberOf("alice")];
const credentials = acme.credentials(loginOf(alice), acme.documentsFor([alice]));
const news = databaseOf("news");

function follow(url: string, count: number): Promise<readonly Reader[]> {
  return Promise.all(Array.from({ length: count }, () => Reader.follow(url, credentials, [news])));
}

const READERS = FULL ? 1_000 : 50;
const ENTRIES = FULL ? 60 : 20;

test(`F4 what one writes reaches ${READERS} readers, each entry once, and the relay holds no more the longer it goes on`, {
  timeout: 600_000,
}, async () => {
  await using directory = await TempDirectory.create();
  await using relay = await LoadRelay.start(directory);
  await using writer = await TestClient.login(relay.url, acme, alice, [alice]);
  await writer.open(news);
  const readers = await follow(relay.url, READERS);
  const chain = new TestWriter(news, "writer");
  const late: number[] = [];
  let sent = 0;
  const send = async (count: number): Promise<void> => {
    for (const until = sent + count; sent < until; ) {
      const run = await chain.write();
      const started = performance.now();
      sent += 1;
      await Promise.all([
        writer.push(run),
        ...readers.map((reader) => reader.holds(sent).then(() => late.push(performance.now() - started))),
      ]);
    }
  };
  await send(10);
  const before = await relay.measure();
  await send(ENTRIES);
  const after = await relay.measure();
  late.sort((a, b) => a - b);
  const p99 = late[Math.floor(late.length * 0.99)] ?? 0;
  const cpu = (after.cpuMs - before.cpuMs) / (ENTRIES * READERS);
  console.log(`p99 ${Math.round(p99)} ms, ${Math.round(cpu * 1_000)} us of the relay's CPU for each delivery`);
  for (const reader of readers) expect(reader.entries).toBe(sent);
  expect(after.held - before.held).toBeLessThan(4 * MiB);
  // All of them in a second, of one core of two.
  expect(cpu * 1_000).toBeLessThan(1_000);
  if (FULL) expect(p99).toBeLessThan(250);
  for (const reader of readers) await reader[Symbol.asyncDispose]();
});

const SLOW = FULL ? 100 : 10;

test(`F4 ${SLOW} readers that stop reading cost the relay at most 64 MB, and nobody who reads waits for them`, {
  timeout: 600_000,
}, async () => {
  await using directory = await TempDirectory.create();
  await using relay = await LoadRelay.start(directory, { heartbeatMs: 600_000 }); // they are not given up in the meantime
  const sockets = new Set<Socket>();
  const connect = Socket.prototype.connect;
  Socket.prototype.connect = function (this: Socket, ...args: Parameters<typeof connect>) {
    sockets.add(this);
    return connect.apply(this, args);
  } as typeof connect;
  const slow = await follow(relay.url, SLOW);
  Socket.prototype.connect = connect;
  expect(sockets.size).toBe(SLOW);
  await using writer = await TestClient.login(relay.url, acme, alice, [alice]);
  await writer.open(news);
  const honest = await follow(relay.url, 5);
  const before = await relay.measure();
  for (const socket of sockets) socket.pause();
  const chain = new TestWriter(news, "writer");
  let most = 0;
  const [rounds, entries] = [FULL ? 64 : 16, 16];
  for (let round = 1; round <= rounds; round += 1) {
    await writer.push(await chain.write(entries, 65_536));
    await Promise.all(honest.map((reader) => reader.holds(round * entries)));
    if (round % 8 === 0) most = Math.max(most, (await relay.measure()).held);
  }
  console.log(`${Math.round((most - before.held) / 1_024 / SLOW)} KiB for each that does not read`);
  expect(most - before.held).toBeLessThan(64 * MiB);
  for (const reader of slow) expect(reader.entries).toBeLessThan(rounds * entries);
  // And they are not lost: who reads again gets everything.
  for (const socket of sockets) socket.resume();
  await Promise.all(slow.map((reader) => reader.holds(rounds * entries)));
  for (const reader of [...slow, ...honest]) await reader[Symbol.asyncDispose]();
});
