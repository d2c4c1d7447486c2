import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startProcess } from "./process.ts";

export interface SyncFound {
  /** Microseconds of CPU of all three processes, step by step. */
  readonly cpu: {
    /** Sealed, signed and durable on the first client. */
    readonly create: number;
    /** From the first byte sent until all is stored, verified and decrypted on the second client. */
    readonly transfer: number;
    /** Every document made and its data read. */
    readonly read: number;
  };
  /** What the first client sent. */
  readonly bytes: number;
  /** The same records as bare Automerge changes. */
  readonly rawBytes: number;
}

/**
 * Records are created, uploaded to a relay, downloaded from there, and read.
 *
 * @param warmUp so many others go the same way first, in a database of their own and the same processes, before the clock starts
 */
export async function selkieSync(records: number, warmUp = 0): Promise<SyncFound> {
  const directory = await mkdtemp(join(tmpdir(), "selkie-bench-"));
  const relay = spawn(process.execPath, [fileURLToPath(new URL("../../../apps/relay/dist/main.js", import.meta.url))], {
    env: {
      PATH: process.env["PATH"],
      SELKIE_RELAY_HOST: "127.0.0.1",
      SELKIE_RELAY_PORT: "0",
      SELKIE_RELAY_DATA: join(directory, "relay"),
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const [line] = (await once(createInterface(relay.stdout), "line")) as [string];
    const url = `ws://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/sync`;
    const module = new URL("./selkie-client.js", import.meta.url);
    await using alice = startProcess(module, [join(directory, "alice")]);
    await using bob = startProcess(module, [join(directory, "bob")]);
    const request = await bob.ask<string>("request");
    await bob.ask("join", await alice.ask<string>("found", request));
    const clock = async (): Promise<number> => (await alice.cpu()) + (await bob.cpu()) + (await cpuOf(relay.pid ?? 0));
    const story = async (database: string, count: number): Promise<Pick<SyncFound, "cpu" | "bytes">> => {
      const began = await clock();
      await alice.ask("create", { database, count });
      const created = await clock();
      const bytes = await alice.ask<number>("upload", url);
      await bob.ask("download", { url, database, count });
      const arrived = await clock();
      await bob.ask("read", count);
      const read = await clock();
      return { cpu: { create: created - began, transfer: arrived - created, read: read - arrived }, bytes };
    };
    if (warmUp > 0) await story("others", warmUp);
    const found = await story("records", records);
    const rawBytes = await alice.ask<number>("rawBytes", records);
    return { ...found, rawBytes };
  } finally {
    const ended = once(relay, "exit");
    relay.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true, force: true });
  }
}

/** CPU time of another process in microseconds, from the kernel: user and system, in ticks of 10 ms. */
async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
