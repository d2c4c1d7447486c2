import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket as WsSocket } from "ws";
import { transportContract } from "../../src/contract.ts";
import { dialWebSocket, type WebSocketLike, webSocketTransport } from "../../src/index.ts";
import { realScheduler, startServer, type TestServer } from "../support/sockets.ts";

const options = { scheduler: realScheduler };
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  await server.close();
});

async function connect(webSocket?: new (url: string) => WebSocketLike) {
  const dial = dialWebSocket(server.url, webSocket === undefined ? options : { ...options, webSocket });
  const [accepted, dialled] = await Promise.all([server.accept(), dial(new AbortController().signal)]);
  return { dialled, accepted: webSocketTransport(accepted, options) };
}

transportContract({
  name: "the platform's WebSocket to a `ws` server that waits",
  create: async () => {
    const { dialled, accepted } = await connect();
    return { ends: [dialled, accepted], remove: async () => undefined };
  },
  whenNotRead: "waits",
});

transportContract({
  name: "`ws` both ways",
  create: async () => {
    const { dialled, accepted } = await connect(WsSocket);
    return { ends: [accepted, dialled], remove: async () => undefined };
  },
  whenNotRead: "waits",
});

transportContract({
  name: "a `ws` server to the platform's WebSocket, which cannot make a peer wait",
  create: async () => {
    const { dialled, accepted } = await connect();
    return { ends: [accepted, dialled], remove: async () => undefined };
  },
  whenNotRead: "overflows",
});

describe("a WebSocket transport", () => {
  test("refuses text frames", async () => {
    const dial = dialWebSocket(server.url, options);
    const [accepted, dialled] = await Promise.all([server.accept(), dial(new AbortController().signal)]);
    accepted.send("text");
    await expect(takeAll(dialled.receive())).rejects.toMatchObject({ code: "BAD_MESSAGE" });
    await dialled.close();
  });

  test("says when a connection broke", async () => {
    const dial = dialWebSocket(server.url, options);
    const [accepted, dialled] = await Promise.all([server.accept(), dial(new AbortController().signal)]);
    accepted.terminate();
    await expect(takeAll(dialled.receive())).rejects.toMatchObject({ code: "TRANSPORT_CLOSED" });
  });

  test("ends in order when the server goes away in order", async () => {
    const dial = dialWebSocket(server.url, options);
    const [accepted, dialled] = await Promise.all([server.accept(), dial(new AbortController().signal)]);
    accepted.close(1001, "restart");
    expect(await takeAll(dialled.receive())).toEqual([]);
  });
});

async function takeAll(frames: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for await (const frame of frames) taken.push(frame);
  return taken;
}
