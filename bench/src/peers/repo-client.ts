import { Repo } from "@automerge/automerge-repo";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs";
import { type BenchRecord, record } from "../record.ts";
import { serve } from "./process.ts";

/** Documents asked for at once: one by one costs it a round trip each, all together its timeouts. */
const TOGETHER = 100;
const repo = new Repo({ storage: new NodeFSStorageAdapter(process.argv[2] ?? ""), sharePolicy: async () => true });
let line: WebSocketClientAdapter | undefined;

serve({
  begin: () => undefined,
  create: async (count: number) => {
    const ids = Array.from({ length: count }, (_, at) => repo.create<BenchRecord>(record(at)).documentId);
    await repo.flush();
    return ids;
  },
  /** Resolves when the two know each other: what is asked for earlier is answered with "unavailable". */
  connect: async (url: string) => {
    const met = new Promise((resolve) => repo.networkSubsystem.once("peer", resolve));
    line = new WebSocketClientAdapter(url);
    repo.networkSubsystem.addNetworkAdapter(line);
    await met;
  },
  disconnect: () => {
    if (line !== undefined) repo.networkSubsystem.removeNetworkAdapter(line);
  },
  read: async (ids: readonly string[]) => {
    for (let at = 0; at < ids.length; at += TOGETHER) {
      const handles = await Promise.all(ids.slice(at, at + TOGETHER).map((id) => repo.find<BenchRecord>(id as never)));
      for (const handle of handles)
        if (handle.doc().name === undefined) throw new RangeError("a record is not readable");
    }
  },
});
