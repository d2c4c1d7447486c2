import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { type BenchRecord, record } from "../record.ts";
import { serve } from "./process.ts";

const repo = new Repo({ storage: new NodeFSStorageAdapter(process.argv[2] ?? ""), sharePolicy: async () => true });

serve({
  create: async (count: number) => {
    const ids = Array.from({ length: count }, (_, at) => repo.create<BenchRecord>(record(at)).documentId);
    await repo.flush();
    return ids;
  },
  connect: (url: string) => {
    repo.networkSubsystem.addNetworkAdapter(new WebSocketClientAdapter(url));
  },
  read: async (ids: readonly string[]) => {
    for (const id of ids) {
      const handle = await repo.find<BenchRecord>(id as never);
      await handle.whenReady();
      if (handle.doc().name === undefined) throw new RangeError("a record is not readable");
    }
  },
});
