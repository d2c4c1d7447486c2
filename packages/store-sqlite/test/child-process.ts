import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process running child.ts. */
export class Child {
  /** What it has said so far. */
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #heard: (() => void) | null = null;

  /** @param fileBlocks how long any file may get that it writes, in blocks of the shell's `ulimit -f` */
  constructor(
    command: "hold" | "fill" | "write" | "forget" | "large",
    directory: string,
    { seed = 0, fileBlocks = null }: { readonly seed?: number; readonly fileBlocks?: number | null } = {},
  ) {
    const script = fileURLToPath(new URL("child.ts", import.meta.url));
    const flags = ["--conditions=@selkie/source", "--disable-warning=ExperimentalWarning"];
    const limited = fileBlocks === null ? [] : ["sh", "-c", `ulimit -f ${fileBlocks} && exec "$0" "$@"`];
    const [program = "", ...args] = [...limited, process.execPath, ...flags, script, command, directory, String(seed)];
    this.#process = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#closed = once(this.#process, "close");
    const { stdout } = this.#process;
    if (stdout === null) throw new TypeError("the child has no stdout");
    createInterface({ input: stdout }).on("line", (line) => {
      this.lines.push(line);
      this.#heard?.();
    });
  }

  /** Resolves when it has said so many lines, or a line that starts like this. */
  async hear(what: number | string): Promise<void> {
    const isHeard = () =>
      typeof what === "number" ? this.lines.length >= what : this.lines.some((line) => line.startsWith(what));
    while (!isHeard()) {
      const failure = this.lines.find((line) => line.startsWith("failed"));
      if (failure !== undefined) throw new Error(`the child ${failure}`);
      await new Promise<void>((resolve) => (this.#heard = resolve));
    }
  }

  /** SIGKILL; resolves when it is gone and everything it said was heard. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#closed;
  }
}
