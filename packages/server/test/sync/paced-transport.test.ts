import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { pacedTransport } from "../../src/sync/paced-transport.ts";
import { timers } from "../fixtures/test-client.ts";

const MiB = 1_048_576;

let server: WebSocketServer;
let client: WebSocket;
let accepted: WebSocket;

beforeEach(async () => {
  server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  client = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: false });
  const [socket] = await Promise.all([once(server, "connection"), once(client, "open")]);
  accepted = socket[0];
});
afterEach(async () => {
  client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

test("a peer that sends more than is worked through waits, and nothing of it is lost", async () => {
  const transport = pacedTransport(accepted, timers);
  const frames = 48;
  // More than the standard transport would hold before it gives the connection up.
  for (let frame = 0; frame < frames; frame++) client.send(new Uint8Array(MiB).fill(frame));
  const paused = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  while (!accepted.isPaused) await paused();
  expect(client.bufferedAmount).toBeGreaterThan(32 * MiB);
  const seen: number[] = [];
  for await (const frame of transport.receive()) {
    seen.push(frame[0] ?? -1);
    expect(frame.length).toBe(MiB);
    if (seen.length === frames) break;
  }
  expect(seen).toEqual(Array.from({ length: frames }, (_, frame) => frame));
});

test("a peer that sends no more than is worked through is never made to wait", async () => {
  const transport = pacedTransport(accepted, timers);
  const receiving = transport.receive()[Symbol.asyncIterator]();
  for (let frame = 0; frame < 100; frame++) {
    client.send(new Uint8Array(1_000).fill(frame));
    expect((await receiving.next()).value?.[0]).toBe(frame);
    expect(accepted.isPaused).toBe(false);
  }
});
