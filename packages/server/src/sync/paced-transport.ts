// Back-pressure on what a peer sends. The standard WebSocket interface cannot make a peer wait, so a session that is slower than
// its peer would fill memory until the transport gives up; ws can stop reading from the network, and TCP does the rest.

import { type Scheduler, type Transport, type WebSocketLike, webSocketTransport } from "@selkie/sync-protocol";
import type { WebSocket } from "ws";

const HIGH_WATER_BYTES = 262_144;
const LOW_WATER_BYTES = 65_536;

/** A transport over a socket of ws that is paused while the session has more than 256 KiB to work through. */
export function pacedTransport(socket: WebSocket, scheduler: Scheduler): Transport {
  // ws implements the standard interface; that its listeners may also be objects is all that keeps the types apart.
  const transport = webSocketTransport(socket as unknown as WebSocketLike, { scheduler });
  let waiting = 0;
  socket.on("message", (data: unknown) => {
    if (!(data instanceof ArrayBuffer)) return;
    waiting += data.byteLength;
    if (waiting > HIGH_WATER_BYTES) socket.pause();
  });
  return {
    send: (frame) => transport.send(frame),
    close: () => transport.close(),
    async *receive() {
      for await (const frame of transport.receive()) {
        yield frame;
        // Reached when the session asks for the next frame: it is done with this one.
        waiting -= frame.length;
        if (waiting <= LOW_WATER_BYTES && socket.isPaused) socket.resume();
      }
    },
  };
}
