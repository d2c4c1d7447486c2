import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./process.ts";

const CLIENT = new URL("./repo-client.js", import.meta.url);
const SERVER = new URL("./repo-server.js", import.meta.url);

/** Records in automerge-repo, unencrypted, on a first client. */
export interface RepoRecords extends AsyncDisposable {
  /** Uploads them to a new server, then finds and reads them on a new second client; microseconds of CPU of the three processes. */
  sync(): Promise<number>;
}

/** Creates the records once, for all rounds: it takes much longer than to sync them. */
export async function repoRecords(records: number): Promise<RepoRecords> {
  const directory = await mkdtempDisposable(join(tmpdir(), "repo-bench-"));
  const first = startProcess(CLIENT, [join(directory.path, "first")]);
  let round = 0;
  const dispose = async (): Promise<void> => {
    await first[Symbol.asyncDispose]();
    await directory.remove();
  };
  try {
    const ids = await first.ask<readonly string[]>("create", records);
    return {
      sync: async () => {
        const at = join(directory.path, `round-${round++}`);
        await using server = startProcess(SERVER, [join(at, "server")]);
        await using second = startProcess(CLIENT, [join(at, "second")]);
        const url = await server.ask<string>("listen");
        const clock = async (): Promise<number> => (await first.cpu()) + (await second.cpu()) + (await server.cpu());
        const before = await clock();
        await first.ask("connect", url);
        await server.ask("holds", ids);
        await second.ask("connect", url);
        await second.ask("read", ids);
        const cpu = (await clock()) - before;
        await first.ask("disconnect");
        return cpu;
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
