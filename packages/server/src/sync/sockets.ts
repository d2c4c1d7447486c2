// The WebSocket door of a relay: who may upgrade, and what a socket may hold before it is a session.

import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { MAX_FRAME_BYTES } from "@selkie/sync-protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { Connection, type ConnectionHost } from "./connection.ts";
import { ConnectionBudget, countedAddress } from "./connection-budget.ts";
import { HandshakeBytes } from "./handshake-bytes.ts";
import { pacedTransport } from "./paced-transport.ts";

export interface SocketsOptions {
  readonly host: ConnectionHost;
  readonly trustProxy: boolean;
  /** False while the relay stops: nobody new. */
  readonly isOpen: () => boolean;
}

/** Where clients connect: the origin alone is a relay's address, and behind a proxy `/sync` can be told from other paths. */
const SYNC_PATHS: readonly (string | undefined)[] = ["/", "/sync"];
/** A closed session's socket has this long to say goodbye before it is cut. */
const GOODBYE_MS = 2_000;

type Refusal = "404 Not Found" | "429 Too Many Requests" | "503 Service Unavailable";

/** All sockets of one relay. */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #budget: ConnectionBudget;
  readonly #handshakeBytes = new HandshakeBytes();
  readonly #connections = new Set<Connection>();
  readonly #server: WebSocketServer;
  #accepted = 0;

  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#budget = new ConnectionBudget(options.host.limits);
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      // SECURITY: compressed sizes leak what is compressed together (THREATS.md E5). Test: sockets.test.ts "E5 ...".
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
    });
  }

  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  /** Takes the upgrade requests of this HTTP server. */
  attach(server: Server): void {
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, trustProxy, isOpen } = this.#options;
    socket.on("error", ignore);
    if (!SYNC_PATHS.includes(request.url) || !isOpen()) {
      this.#refuse(socket, isOpen() ? "404 Not Found" : "503 Service Unavailable");
      return;
    }
    const release = this.#budget.take(addressOf(request, trustProxy));
    if (release === null) {
      this.#refuse(socket, "429 Too Many Requests");
      return;
    }
    host.counters.move("connections", 1);
    socket.once("close", () => {
      release();
      host.counters.move("connections", -1);
    });
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, socket));
  }

  #serve(webSocket: WebSocket, socket: Duplex): void {
    const { host } = this.#options;
    this.#accepted += 1;
    host.counters.count("connections_accepted_total");
    const unwatch = this.#handshakeBytes.watch(socket);
    const connection = new Connection(host, pacedTransport(webSocket, host.scheduler), this.#accepted);
    this.#connections.add(connection);
    void connection.settled.then(unwatch);
    void connection.finished.then(() => {
      unwatch();
      this.#connections.delete(connection);
      // A peer that does not close its side, or that never reads, is cut.
      const cancel = host.scheduler.after(GOODBYE_MS, () => webSocket.terminate());
      webSocket.once("close", cancel);
    });
  }

  #refuse(socket: Duplex, status: Refusal): void {
    this.#options.host.counters.count("connections_refused_total");
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }
}

function addressOf(request: IncomingMessage, trustProxy: boolean): string {
  const header = request.headers["x-forwarded-for"];
  return countedAddress({
    socketAddress: request.socket.remoteAddress,
    forwardedFor: Array.isArray(header) ? header.at(-1) : header,
    trustProxy,
  });
}

function ignore(): void {
  // A socket that breaks is closed by Node; what was on it is told by its close event.
}
