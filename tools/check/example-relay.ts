// A relay for the examples that dial one: the program of apps/relay itself, on a free port and with a store of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The address a relay has by default, and which examples name. */
export const defaultRelayUrl = "ws://127.0.0.1:4000";

/** A running relay; disposing of it stops it and waits for its end. */
export interface ExampleRelay extends AsyncDisposable {
  /** What clients dial. */
  readonly url: string;
}

/** Starts a relay that keeps its store in `directory`. Rejects with what it said when it does not start. */
export async function startRelay(root: string, directory: string): Promise<ExampleRelay> {
  const child = spawn(process.execPath, ["--conditions=@selkie/source", join(root, "apps/relay/src/main.ts")], {
    env: { ...process.env, SELKIE_RELAY_PORT: "0", SELKIE_RELAY_DATA: directory, SELKIE_RELAY_LOG_LEVEL: "error" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString("utf8")).slice(-10_000);
  });
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line").then(([line]) => String(line)), ended.then(() => null)]);
  const url = first === null ? undefined : /"url":\s*"([^"]+)"/.exec(first)?.[1];
  if (url === undefined) {
    child.kill("SIGKILL");
    throw new Error(`the relay for the examples did not start: ${first ?? said.trim()}`);
  }
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
