import { type ChildProcess, fork } from "node:child_process";

/** A process of a benchmark: it answers commands, and tells its CPU time when asked. */
export interface BenchProcess extends AsyncDisposable {
  /** Sends a command and waits for its answer. */
  ask<Answer>(command: string, argument?: unknown): Promise<Answer>;
  /** CPU time, user and system, in microseconds since it started. */
  cpu(): Promise<number>;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Starts a module that called `serve`. @param flags of V8 beside that which lets it collect its garbage when it is asked */
export function startProcess(module: URL, args: readonly string[] = [], flags: readonly string[] = []): BenchProcess {
  const execArgv = ["--expose-gc", ...flags];
  const child: ChildProcess = fork(module, [...args], { serialization: "advanced", execArgv });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let next = 0;
  child.on("message", ({ id, value, error }: Reply) => {
    const { resolve, reject } = waiting.get(id) ?? {};
    waiting.delete(id);
    if (error === undefined) resolve?.(value);
    else reject?.(new RangeError(error));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new RangeError("the process ended"));
  });
  const ask = <Answer>(command: string, argument?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id, command, argument });
    });
  return {
    ask,
    cpu: () => ask<number>("cpu"),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** In the child: answers commands by these functions. */
export function serve(commands: Readonly<Record<string, (argument: never) => unknown>>): void {
  process.on("disconnect", () => process.exit()); // whoever asked is gone
  process.on("message", async ({ id, command, argument }: { id: number; command: string; argument: never }) => {
    try {
      const value = command === "cpu" ? cpu() : await commands[command]?.(argument);
      process.send?.({ id, value });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}

/** What a command left to be collected is collected at its expense, and not at that of the next one; a full collection would drop compiled code. */
function cpu(): number {
  globalThis.gc?.({ type: "minor" });
  const { user, system } = process.cpuUsage();
  return user + system;
}
