import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { narrator } from "./narrator.ts";
import { tellStory } from "./story.ts";
import { untilEnter } from "./until-enter.ts";

const USAGE = `usage: demo [--once]
  --once  exit after the story; otherwise, in a terminal, the relay and all files stay until Enter, to be looked at
`;

const args = process.argv.slice(2).filter((arg) => arg !== "--");
if (args.some((arg) => arg !== "--once")) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await run(!args.includes("--once") && process.stdin.isTTY === true && process.stdout.isTTY === true);
}

async function run(mayStay: boolean): Promise<void> {
  const teller = narrator(process.stdout, process.stdout.isTTY === true);
  const directory = await mkdtemp(join(tmpdir(), "selkie-demo-"));
  try {
    await tellStory(directory, teller, async ({ url, pid }) => {
      const { failures } = teller;
      process.stdout.write(failures.length === 0 ? "\nEvery claim held.\n" : `\n${failures.length} claims failed.\n`);
      if (!mayStay) return;
      process.stdout.write(
        `\nThe relay still runs: process ${pid}, ${url}\nAll files, of each device and the relay: ${directory}\n`,
      );
      process.stdout.write("Enter stops the relay and removes the files. ");
      await untilEnter(process);
    });
  } catch (error) {
    teller.claim("the story was told to its end", false);
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  process.exitCode = teller.failures.length === 0 ? 0 : 1;
}
