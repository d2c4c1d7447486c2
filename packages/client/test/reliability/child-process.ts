import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newDirectory } from "../support/places.ts";
import type { Job } from "./job.ts";
import { openIn } from "./opened.ts";

const cache = mkdtempSync(join(tmpdir(), "selkie-compiled-"));

/** A process running child.ts, which loads its modules at once and waits for a job. */
export class Child {
  /** What it has said so far, and how many bytes of it since it got its job. */
  readonly lines: string[] = [];
  bytes = 0;
  readonly #process: ChildProcess;
  readonly #closed: Promise<unknown>;
  #rest = "";
  #complaints = "";
  #isClosed = false;
  #heard: (() => void) | null = null;

  constructor() {
    const script = fileURLToPath(new URL("child.ts", import.meta.url));
    const flags = ["--conditions=@selkie/source", "--disable-warning=ExperimentalWarning"];
    const env = { ...process.env, NODE_COMPILE_CACHE: cache };
    this.#process = spawn(process.execPath, [...flags, script], { stdio: ["pipe", "pipe", "pipe"], env });
    this.#closed = once(this.#process, "close").then(() => {
      this.#isClosed = true;
      this.#heard?.();
    });
    this.#process.stdout?.on("data", (data: Buffer) => this.#take(data));
    this.#process.stderr?.on("data", (data: Buffer) => {
      this.#complaints += data.toString();
    });
    this.#process.stdin?.on("error", () => undefined); // it was killed before it read: `close` says so
  }

  start(job: Job): void {
    this.bytes = 0;
    this.#process.stdin?.write(`${JSON.stringify(job)}\n`);
  }

  /** Resolves when it has said so many bytes since it got its job, or is gone. */
  async hearBytes(count: number): Promise<void> {
    await this.#until(() => this.bytes >= count);
  }

  /** Resolves when it has said a line that begins like this. @throws when it ends before */
  async hear(start: string): Promise<void> {
    await this.#until(() => this.lines.some((line) => line.startsWith(start)));
    if (!this.lines.some((line) => line.startsWith(start))) throw new Error(`the child ended: ${this.complaints}`);
  }

  /** What it wrote on stderr, and how it says that it failed. */
  get complaints(): string {
    return [...this.lines.filter((line) => line.startsWith("failed ")), this.#complaints].join("\n").trim();
  }

  /** SIGKILL; resolves when it is gone and everything it said was heard. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#closed;
  }

  /** Tells it to close its client; resolves when it is gone. */
  async close(): Promise<void> {
    this.#process.stdin?.write("close\n");
    await this.#closed;
  }

  #take(data: Buffer): void {
    this.bytes += data.length;
    const lines = (this.#rest + data.toString()).split("\n");
    this.#rest = lines.pop() ?? ""; // the kernel may have cut the last line; it is no acknowledgement then
    this.lines.push(...lines);
    this.#heard?.();
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isClosed) await new Promise<void>((resolve) => (this.#heard = resolve));
  }
}

/** Children that follow one another: while one works, the next is loading its modules. */
export class Children implements AsyncDisposable {
  #next = new Child();

  /** The first one closes in peace, which leaves the compiled modules for those that follow. */
  static async begin(): Promise<Children> {
    const children = new Children();
    await using directory = await newDirectory();
    const { [Symbol.asyncDispose]: close } = await openIn(directory.path);
    await close();
    const first = await children.start({ directory: directory.path, seed: 0 });
    await first.hear("sealed ");
    await first.close();
    return children;
  }

  async start(job: Job): Promise<Child> {
    const child = this.#next;
    this.#next = new Child();
    await child.hear("warm");
    child.start(job);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next.kill();
  }
}
