// THREATS part 3, kill -9: a client in another process writes, this one notes what it acknowledges, kills it after some number of bytes
// heard, and opens the directory again. SEED=n repeats the choices; what the child was doing at the kill depends on the machine.
import { expect, it } from "vitest";
import { newDirectory } from "../support/places.ts";
import { Children } from "./child-process.ts";
import { Dice } from "./dice.ts";
import { follow, type Run } from "./follow.ts";
import { Ledger } from "./ledger.ts";
import { openIn } from "./opened.ts";
import { UsedPlaces } from "./used-places.ts";
import { joinAsWitness } from "./witness.ts";

const KILLS = process.env["SELKIE_TEST_FULL"] === undefined ? 200 : 1_000;
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
/** A directory grows with every kill, by a writer and what it wrote: it serves for so many. */
const KILLS_EACH = 25;
const CHECK_EVERY = 25;

const tally = { acknowledged: 0, entries: 0, writers: 0, closed: 0, continued: 0 };

it(`B11 a client killed ${KILLS} times while it writes loses nothing acknowledged, opens again each time, and never signs one (writer, seq) twice; seed ${SEED}`, {
  timeout: KILLS * 6_000,
}, async () => {
  const dice = new Dice(SEED);
  await using children = await Children.begin();
  for (let done = 0; done < KILLS; done += KILLS_EACH) await killMany(children, dice, done);
  console.log(`seed ${SEED}: ${KILLS} kills, ${JSON.stringify(tally)}`);
  expect(tally.acknowledged).toBeGreaterThan(KILLS);
  expect(tally.continued).toBeGreaterThan(0);
});

async function killMany(children: Children, dice: Dice, from: number): Promise<void> {
  await using directory = await newDirectory();
  const [used, ledger] = [new UsedPlaces(), new Ledger()];
  const opened = await openIn(directory.path);
  await using witness = await joinAsWitness(opened);
  await opened[Symbol.asyncDispose]();
  let before: Run | null = null;
  for (let kills = 0; kills < KILLS_EACH; ) {
    const known = used.writers;
    const end = dice.percent(12) ? "closed" : "killed";
    // Now and then at once: while it opens, and rewrites what the run before has left.
    const bytes = 1 + dice.below(dice.percent(20) ? 40 : 1_600);
    const child = await children.start({ directory: directory.path, seed: dice.below(2 ** 32) });
    const run = await follow(child, { bytes, end, used, ledger });
    checkWriters(run, before, known);
    before = run;
    if (run.end === "killed" && ++kills % CHECK_EVERY === 0) {
      await using alice = await openIn(directory.path);
      await ledger.check(alice.notes);
      const users = new Set((await alice.tenant.directory.users()).map(({ name }) => name));
      expect([...ledger.users].filter((user) => !users.has(user))).toEqual([]);
      await witness.compare(alice, used);
      await ledger.check(witness.notes);
      before = null;
    }
  }
  tally.acknowledged += ledger.acknowledged;
  tally.entries += used.size;
  tally.writers += used.writers.size;
  console.log(`${from + KILLS_EACH} of ${KILLS} kills: ${JSON.stringify(tally)}`);
}

/** After a clean close the chain goes on; after a kill nobody writes under a key that was there before. */
function checkWriters(run: Run, before: Run | null, known: ReadonlySet<string>): void {
  if (before?.end === "killed") for (const writer of run.writers) expect(known).not.toContain(writer);
  if (before?.end !== "closed") return;
  tally.closed += 1;
  if (run.writers.size === 0 || before.writers.size === 0) return;
  expect(run.writers).toEqual(before.writers);
  tally.continued += 1;
}
