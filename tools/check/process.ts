// Child processes of the checks: run to the end, with the tail of what they print.
import { spawn } from "node:child_process";

/** How a child ended; `code` is null when it was stopped for taking longer than its time limit. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

const keptCharacters = 100_000;

export function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  timeLimitMs = 120_000,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, timeout: timeLimitMs, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(-keptCharacters);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
