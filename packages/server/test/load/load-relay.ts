import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RelayLimits } from "../../src/index.ts";
import type { TempDirectory } from "../fixtures/test-relay.ts";

/** Of the relay's process. */
export interface Measured {
  /** Bytes of the heap and of buffers beside it, after a collection. */
  readonly held: number;
  readonly rss: number;
  /** User and system, since it started. */
  readonly cpuMs: number;
}

/** Everybody here comes from one address. */
const CROWD: Partial<RelayLimits> = { connections: 100_000, connectionsPerAddress: 100_000 };

/** A relay in a process of its own. */
export class LoadRelay implements AsyncDisposable {
  readonly url: string;
  /** Bytes it read until it listened; 0 where the system does not count them. */
  readonly readToStart: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { url, readToStart }: { url: string; readToStart: number }) {
    this.#child = child;
    this.url = url;
    this.readToStart = readToStart;
  }

  /** Starts one on the store in a directory. */
  static async start(directory: TempDirectory, limits: Partial<RelayLimits> = {}): Promise<LoadRelay> {
    const script = fileURLToPath(new URL("relay-child.ts", import.meta.url));
    const child = fork(script, [LoadRelay.store(directory), JSON.stringify({ ...CROWD, ...limits })], {
      execArgv: ["--conditions=@selkie/source", "--expose-gc", "--disable-warning=ExperimentalWarning"],
    });
    const [started] = await once(child, "message");
    return new LoadRelay(child, started as { url: string; readToStart: number });
  }

  static store(directory: TempDirectory): string {
    return join(directory.path, "data");
  }

  async measure(): Promise<Measured> {
    this.#child.send("measure");
    const [measured] = await once(this.#child, "message");
    return measured as Measured;
  }

  /** As an operator's SIGTERM: asks everybody to leave, and ends. */
  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.send("stop");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
