import { createRun } from "@evolu/common";
import { applyProtocolMessageAsRelay, createRelaySqliteStorage } from "@evolu/common/local-first";
import { WebSocketServer } from "ws";
import { openEvoluStore } from "./evolu-store.ts";
import { serve } from "./process.ts";

/** As Evolu's relay for Node does it, without the live broadcast, for which nobody waits here. */
const store = await openEvoluStore(process.argv[2] ?? "");
const run = createRun({ storage: createRelaySqliteStorage(store)({ isOwnerWithinQuota: () => true }) });
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });

server.on("connection", (socket) => {
  socket.on("message", async (message: Uint8Array) => {
    const { message: response } = await run.orThrow(applyProtocolMessageAsRelay(message));
    socket.send(response);
  });
});

serve({
  listen: () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new RangeError("the relay does not listen");
    return `ws://127.0.0.1:${address.port}`;
  },
});
