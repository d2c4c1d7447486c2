import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable, readFile } from "node:fs/promises";
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
}

/** Two clients and a relay, each a process of its own. */
export interface SelkieSync extends AsyncDisposable {
  /** Records are created, uploaded to the relay, downloaded from there, and read: in a database of their own, which is closed then. */
  turn(records: number): Promise<SyncFound>;
  /** Of as many records as bare Automerge changes. */
  rawBytes(records: number): Promise<number>;
}

export async function startSelkie(): Promise<SelkieSync> {
  const directory = await mkdtempDisposable(join(tmpdir(), "selkie-bench-"));
  const relay = spawn(process.execPath, [fileURLToPath(new URL("../../../apps/relay/dist/main.js", import.meta.url))], {
    env: {
      PATH: process.env["PATH"],
      SELKIE_RELAY_HOST: "127.0.0.1",
      SELKIE_RELAY_PORT: "0",
      SELKIE_RELAY_DATA: join(directory.path, "relay"),
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(createInterface(relay.stdout), "line")) as [string];
  const url = `ws://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/sync`;
  const module = new URL("./selkie-client.js", import.meta.url);
  const alice = startProcess(module, [join(directory.path, "alice")]);
  const bob = startProcess(module, [join(directory.path, "bob")]);
  const request = await bob.ask<string>("request");
  await bob.ask("join", await alice.ask<string>("found", request));
  const clock = async (): Promise<number> => (await alice.cpu()) + (await bob.cpu()) + (await cpuOf(relay.pid ?? 0));
  let turns = 0;
  return {
    turn: async (count) => {
      const database = `records ${turns++}`;
      const began = await clock();
      await alice.ask("create", { database, count });
      const created = await clock();
      const bytes = await alice.ask<number>("upload", url);
      await bob.ask("download", { url, database, count });
      const arrived = await clock();
      await bob.ask("read", count);
      const read = await clock();
      await alice.ask("close");
      await bob.ask("close");
      return { cpu: { create: created - began, transfer: arrived - created, read: read - arrived }, bytes };
    },
    rawBytes: (count) => alice.ask<number>("rawBytes", count),
    [Symbol.asyncDispose]: async () => {
      await alice[Symbol.asyncDispose]();
      await bob[Symbol.asyncDispose]();
      const ended = once(relay, "exit");
      relay.kill("SIGTERM");
      await ended;
      await directory.remove();
    },
  };
}

/** CPU time of another process in microseconds, from the kernel: user and system, in ticks of 10 ms. */
async function cpuOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
