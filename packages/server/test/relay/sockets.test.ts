import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Scheduler } from "@selkie/sync-protocol";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { TestClient, timers } from "../fixtures/test-client.ts";
import { TestRelay } from "../fixtures/test-relay.ts";
import { memberOf, TestTenant } from "../fixtures/test-tenant.ts";
import { databaseOf, TestWriter } from "../fixtures/test-writer.ts";

const acme = new TestTenant("acme");
const alice = memberOf("alice");

/** Opens a WebSocket; resolves with its close code once it is closed, or rejects with the HTTP status that refused it. */
async function open(url: string, options: { headers?: Record<string, string> } = {}): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: true, ...options });
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  socket.on("open", () => resolve(socket));
  socket.on("unexpected-response", (_request, response) => {
    reject(new RangeError(String(response.statusCode)));
    response.resume();
    socket.terminate();
  });
  socket.on("error", reject);
  return promise;
}

async function closed(socket: WebSocket | Socket): Promise<void> {
  socket.on("error", () => undefined);
  if (socket instanceof WebSocket ? socket.readyState !== WebSocket.CLOSED : !socket.destroyed)
    await once(socket, "close");
}

describe("the WebSocket door", () => {
  test("opens at the origin and at /sync, and nowhere else", async () => {
    await using relay = await TestRelay.start();
    for (const path of ["", "/", "/sync"]) (await open(relay.url + path)).terminate();
    for (const path of ["/sync/", "/sync?x=1", "/other", "/livez", "/..%2f..%2fetc/passwd"]) {
      await expect(open(relay.url + path)).rejects.toThrow("404");
    }
  });

  test("E5 compression is never agreed on, also when a client asks for it", async () => {
    await using relay = await TestRelay.start();
    const socket = await open(relay.url);
    expect(socket.extensions).toBe("");
    socket.terminate();
  });

  test("connections of one address are bounded, and a place that gets free is given away again", async () => {
    await using relay = await TestRelay.start({ limits: { connectionsPerAddress: 2 } });
    const [first, second] = [await open(relay.url), await open(relay.url)];
    await expect(open(relay.url)).rejects.toThrow("429");
    expect(relay.relay.counters.get("connections_refused_total")).toBe(1);
    first.terminate();
    await until(() => relay.relay.counters.get("connections") === 1);
    (await open(relay.url)).terminate();
    second.terminate();
  });

  test("behind a trusted proxy, addresses are those that the proxy names", async () => {
    await using relay = await TestRelay.start({ limits: { connectionsPerAddress: 1 }, trustProxy: true });
    const from = (address: string) => open(relay.url, { headers: { "x-forwarded-for": `198.51.100.1, ${address}` } });
    const sockets = [await from("203.0.113.1"), await from("203.0.113.2")];
    await expect(from("203.0.113.1")).rejects.toThrow("429");
    for (const socket of sockets) socket.terminate();
  });

  test("a connection that never logs in is dropped when its time is over", async () => {
    await using relay = await TestRelay.start({ limits: { handshakeMs: 50 } });
    await closed(await open(relay.url));
    await until(() => relay.relay.counters.get("connections") === 0);
    expect(relay.log.join("")).toContain("HANDSHAKE_TIMEOUT");
  });

  test("a peer that never reads and never closes is cut after it was told to go", { timeout: 10_000 }, async () => {
    const hurried: Scheduler = { after: (ms, run) => timers.after(ms / 50, run) };
    await using relay = await TestRelay.start({ scheduler: hurried });
    const socket = connect(Number(new URL(relay.url).port), "127.0.0.1");
    const key = Buffer.alloc(16).toString("base64");
    const headers = ["Host: x", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Key: ${key}`];
    socket.write(["GET /sync HTTP/1.1", ...headers, "Sec-WebSocket-Version: 13", "", ""].join("\r\n"));
    await once(socket, "data");
    socket.pause();
    await until(() => relay.relay.counters.get("sessions") === 0);
    await until(() => relay.relay.counters.get("connections") === 0);
    socket.destroy();
  });

  test("a half-open TCP connection costs no session", async () => {
    await using relay = await TestRelay.start();
    const socket = connect(Number(new URL(relay.url).port), "127.0.0.1");
    socket.write("GET /sync HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
    await once(socket, "connect");
    expect(relay.relay.counters.get("sessions")).toBe(0);
    socket.destroy();
  });

  test("a frame above 8 MiB, a text frame, and bytes that are no message end their connection and no other", async () => {
    await using relay = await TestRelay.start();
    await using honest = await TestClient.login(relay.url, acme, alice, [alice]);
    const hostile: readonly (Buffer | string)[] = [
      Buffer.alloc(8 * 1024 * 1024 + 1),
      "text",
      Buffer.from([99]),
      Buffer.alloc(0),
    ];
    for (const message of hostile) {
      const socket = await open(relay.url);
      socket.on("error", () => undefined);
      socket.send(message);
      await closed(socket);
    }
    const database = databaseOf("contacts");
    await honest.open(database);
    await honest.push(await new TestWriter(database, "w").write());
    expect(relay.relay.counters.get("entries_stored_total")).toBe(1);
  });

  test("strangers together send no more than the shared pool before they are cut", async () => {
    await using relay = await TestRelay.start();
    // A frame that is announced with 8 MiB and never completed: it stays in memory as long as the connection lives.
    const header = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0, 0, 0, 0]);
    const sockets: Socket[] = [];
    for (let i = 0; i < 6; i++) {
      const webSocket = await open(relay.url);
      const raw: Socket = Reflect.get(webSocket, "_socket");
      webSocket.on("error", () => undefined);
      raw.write(header);
      raw.write(Buffer.alloc(8 * 1024 * 1024 - 100));
      sockets.push(raw);
    }
    // Six times 8 MiB are more than the pool of 32 MiB: at least two are cut, and the others are left alone.
    await until(() => sockets.filter((socket) => socket.destroyed).length >= 2);
    expect(relay.relay.counters.get("connections")).toBeGreaterThanOrEqual(3);
    for (const socket of sockets) socket.destroy();
  });

  test("databases of one session are bounded", async () => {
    await using relay = await TestRelay.start({ limits: { databasesPerSession: 3 } });
    await using client = await TestClient.login(relay.url, acme, alice, [alice]);
    const databases = ["a", "b", "c", "d"].map(databaseOf);
    expect(await client.open(...databases)).toEqual(databases.slice(3));
    expect(relay.relay.counters.get("subscriptions")).toBe(3);
  });

  test("a database that a session closes is given back, and may be opened again", async () => {
    await using relay = await TestRelay.start({ limits: { databasesPerSession: 2 } });
    await using client = await TestClient.login(relay.url, acme, alice, [alice]);
    await using other = await TestClient.login(relay.url, acme, alice, [alice]);
    const [a, b, c] = [databaseOf("a"), databaseOf("b"), databaseOf("c")];
    const { counters } = relay.relay;
    for (let times = 0; times < 3; times += 1) {
      expect(await client.open(a, b)).toEqual([]);
      expect(counters.get("subscriptions")).toBe(2);
      await client.session.closeDatabases([a, b]);
      await until(() => counters.get("subscriptions") === 0);
      expect(await client.open(c)).toEqual([]);
      await client.session.closeDatabases([c]);
    }
    await client.open(a);
    await other.open(a);
    const writer = new TestWriter(a, "alice");
    await other.push(await writer.write(2));
    await client.holds(a, 2);
  });

  test("what a session held is given back when it ends", async () => {
    await using relay = await TestRelay.start();
    const client = await TestClient.login(relay.url, acme, alice, [alice]);
    await client.open(databaseOf("a"), databaseOf("b"));
    const { counters } = relay.relay;
    expect([counters.get("sessions"), counters.get("subscriptions")]).toEqual([1, 2]);
    await client[Symbol.asyncDispose]();
    await until(() => counters.get("connections") === 0);
    expect([counters.get("sessions"), counters.get("subscriptions")]).toEqual([0, 0]);
    // A client that goes is no failure.
    expect(counters.get("sessions_failed_total")).toBe(0);
  });
});

/** Resolves once a condition holds that the relay brings about on its own. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
