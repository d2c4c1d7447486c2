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
  holds: async (ids: readonly string[]) => {
    for (const id of ids) {
      const handle = await repo.find(id as never);
      await handle.whenReady();
    }
  },
});
