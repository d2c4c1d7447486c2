import { expect, test } from "vitest";
import { Random } from "../automerge/random-history.ts";
import { type Story, tell } from "../database/story.ts";
import { Chronicler, Follower, shownBy } from "./follower.ts";

/** Each device has a reader, who reads a little now and then, and keeps its cursor through crashes. */
async function follow(seed: number, writes: boolean): Promise<void> {
  const random = new Random(seed + 1_000_000);
  const followers = new Map<Story, Follower>();
  const read = async (story: Story, most?: number): Promise<void> => {
    const follower = followers.get(story) ?? new Follower();
    followers.set(story, follower);
    await follower.read(story.device, most);
    if (most === undefined) expect([seed, follower.state]).toEqual([seed, await shownBy(story.device)]);
  };
  const look = async (story: Story): Promise<void> => {
    const kind = random.below(4);
    if (kind === 0) await read(story);
    else if (kind === 1) await read(story, 1 + random.below(2));
  };
  for (const story of await tell(seed, { equivocate: !writes, writes }, look)) await read(story);
}

test("D1 who follows the feed has what the database shows, whatever order runs, keys, holes, damage and restarts come in", async () => {
  for (let seed = 200; seed < 212; seed++) await follow(seed, seed % 2 === 0);
}, 60_000);

test("D1 who follows the revisions has every change that counts, in whatever order it came", async () => {
  for (let seed = 300; seed < 308; seed++) {
    const random = new Random(seed + 1_000_000);
    const chroniclers = new Map<Story, Chronicler>();
    const read = async (story: Story, most?: number): Promise<void> => {
      const chronicler = chroniclers.get(story) ?? new Chronicler();
      chroniclers.set(story, chronicler);
      await chronicler.read(story.device, most);
      if (most !== undefined) return;
      const ids = [...(await shownBy(story.device)).keys()];
      expect([seed, await chronicler.missing(story.device, ids)]).toEqual([seed, []]);
    };
    const look = async (story: Story): Promise<void> => {
      const kind = random.below(6);
      if (kind === 0) await read(story);
      else if (kind === 1) await read(story, 1 + random.below(3));
    };
    for (const story of await tell(seed, { equivocate: seed % 2 === 0, writes: seed % 2 === 1 }, look))
      await read(story);
  }
}, 60_000);
