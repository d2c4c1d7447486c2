// Real WebSockets on the loopback interface. Node only.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ServerOptions, type WebSocket as ServerSocket, WebSocketServer } from "ws";
import type { Scheduler } from "../../src/index.ts";

export const realScheduler: Scheduler = {
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

export interface TestServer {
  readonly url: string;
  /** The server's side of the next connection. */
  accept(): Promise<ServerSocket>;
  close(): Promise<void>;
}

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    perMessageDeflate: false,
    maxPayload: 8_388_608,
    ...options,
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted: ServerSocket[] = [];
  const waiting: ((socket: ServerSocket) => void)[] = [];
  server.on("connection", (socket) => {
    // Its end of the pair is taken up only after the handshake, when frames may be there already.
    const next = waiting.shift();
    if (next === undefined) accepted.push(socket);
    else next(socket);
  });
  return {
    url: `ws://127.0.0.1:${port}`,
    accept: () => {
      const socket = accepted.shift();
      return socket === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(socket);
    },
    async close() {
      for (const client of server.clients) client.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
