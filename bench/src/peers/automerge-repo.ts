import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "./process.ts";

/** The same with automerge-repo, unencrypted: documents created before the clock starts, then uploaded, found and read elsewhere. */
export async function repoSync(records: number): Promise<{ cpu: number }> {
  const directory = await mkdtemp(join(tmpdir(), "repo-bench-"));
  try {
    await using server = startProcess(new URL("./repo-server.js", import.meta.url), [join(directory, "server")]);
    const module = new URL("./repo-client.js", import.meta.url);
    await using first = startProcess(module, [join(directory, "first")]);
    await using second = startProcess(module, [join(directory, "second")]);
    const url = await server.ask<string>("listen");
    const ids = await first.ask<readonly string[]>("create", records);
    const clock = async (): Promise<number> => (await first.cpu()) + (await second.cpu()) + (await server.cpu());
    const before = await clock();
    await first.ask("connect", url);
    await server.ask("holds", ids);
    await second.ask("connect", url);
    await second.ask("read", ids);
    return { cpu: (await clock()) - before };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
