import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { HandshakeBytes } from "../../src/sync/handshake-bytes.ts";

const KiB = 1_024;
const POOL = 32 * KiB * KiB;

/** Lets a connection receive this many bytes. */
function receive(socket: PassThrough, bytes: number): void {
  socket.emit("data", new Uint8Array(bytes));
}

test("every connection has its own allowance, also when the pool is empty", () => {
  const pool = new HandshakeBytes();
  const greedy = new PassThrough();
  pool.watch(greedy);
  receive(greedy, 16 * KiB + POOL);
  expect(greedy.destroyed).toBe(false);
  const modest = new PassThrough();
  pool.watch(modest);
  receive(modest, 16 * KiB);
  expect(modest.destroyed).toBe(false);
  receive(modest, 1);
  expect(modest.destroyed).toBe(true);
});

test("one connection that wants more than the pool is cut", () => {
  const socket = new PassThrough();
  new HandshakeBytes().watch(socket);
  for (let sent = 0; sent <= 16 * KiB + POOL; sent += 64 * KiB) receive(socket, 64 * KiB);
  expect(socket.destroyed).toBe(true);
});

test("what a connection took is there again once it is admitted or gone, and counts no longer", () => {
  const pool = new HandshakeBytes();
  const admitted = new PassThrough();
  const unwatch = pool.watch(admitted);
  receive(admitted, POOL);
  unwatch();
  unwatch();
  receive(admitted, 2 * POOL);
  expect(admitted.destroyed).toBe(false);
  const next = new PassThrough();
  pool.watch(next);
  receive(next, 16 * KiB + POOL);
  expect(next.destroyed).toBe(false);
  receive(next, 1);
  expect(next.destroyed).toBe(true);
});
