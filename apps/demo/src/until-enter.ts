import { createInterface } from "node:readline";

/** Resolves at a line on standard input, at its end, or at Ctrl-C, so that everything is put away in every case. */
export async function untilEnter(process: NodeJS.Process): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  await new Promise<void>((resolve) => {
    lines.once("line", () => resolve());
    lines.once("close", resolve);
    process.once("SIGINT", resolve);
  });
  lines.close();
}
