import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A relay in a process of its own. */
export interface RelayProcess extends AsyncDisposable {
  /** `ws://127.0.0.1:port/sync` */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

const RELAY = fileURLToPath(new URL("../../relay/dist/main.js", import.meta.url));

/** Starts the relay on a free port of this machine, or the given one, with its data in `directory`; resolves once it listens. */
export async function startRelay(directory: string, port = 0): Promise<RelayProcess> {
  const child = spawn(process.execPath, [RELAY], {
    env: {
      PATH: process.env["PATH"],
      SELKIE_RELAY_HOST: "127.0.0.1",
      SELKIE_RELAY_PORT: String(port),
      SELKIE_RELAY_DATA: directory,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4_000);
  });
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), "line"),
    once(child, "exit").then(() => {
      throw new RangeError(`the relay did not start: ${log}`);
    }),
  ])) as [string];
  const ready = JSON.parse(line) as { port: number };
  return {
    url: `ws://127.0.0.1:${ready.port}/sync`,
    port: ready.port,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
