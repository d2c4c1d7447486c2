import { setTimeout } from "node:timers/promises";
import { Repo } from "@automerge/automerge-repo";
import { WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { WebSocketServer } from "ws";
import { serve } from "./process.ts";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
const repo = new Repo({
  network: [new WebSocketServerAdapter(server as never)],
  storage: new NodeFSStorageAdapter(process.argv[2] ?? ""),
  sharePolicy: async () => false,
});

serve({
  listen: () => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new RangeError("the server does not listen");
    return `ws://127.0.0.1:${address.port}`;
  },
  /** Resolves when it has what a client announces. It does not ask for documents itself, as a server that shares nothing unasked. */
  holds: async (ids: readonly string[]) => {
    while (Object.keys(repo.handles).length < ids.length) await setTimeout(20);
    for (const id of ids) await repo.handles[id as never]?.whenReady();
  },
});
