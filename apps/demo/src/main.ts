import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { narrator } from "./narrator.ts";
import { tellStory } from "./story.ts";

const USAGE =
  "usage: demo [--once] [--keep]\n  --once  exit after the story (the default)\n  --keep  leave the files of the story for you to look at\n";

const known = new Set(["--once", "--keep"]);
const args = process.argv.slice(2).filter((arg) => arg !== "--");
if (args.some((arg) => !known.has(arg))) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await run(args.includes("--keep"));
}

async function run(keep: boolean): Promise<void> {
  const teller = narrator(process.stdout, process.stdout.isTTY === true);
  const directory = await mkdtemp(join(tmpdir(), "selkie-demo-"));
  try {
    await tellStory(directory, teller);
  } catch (error) {
    teller.claim("the story was told to its end", false);
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  } finally {
    if (keep) process.stdout.write(`\nfiles: ${directory}\n`);
    else await rm(directory, { recursive: true, force: true });
  }
  const { failures } = teller;
  process.stdout.write(failures.length === 0 ? "\nEvery claim held.\n" : `\n${failures.length} claims failed.\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
