// Who was revoked and goes on writing: how much of it is kept.
import type { VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { handMade } from "../automerge/hand-made-change.ts";
import { testDatabase } from "../fixture.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";

const place = placeOf("the plan");

/** An entry of almost a megabyte; whatever it says. */
const large = (author: Author): Promise<VerifiedRun> => author.write([author.part(place, new Uint8Array(950_000))]);

const give = async ({ assembled }: Device, run: VerifiedRun): Promise<string> => {
  const [result] = await assembled.replica.append([run]);
  return result?.type === "refused" ? result.code : (result?.type ?? "");
};

test("D9 of what a revoked device writes beyond its end 16 MiB are kept, in however many chains, and all of what counts", async () => {
  const lab = await Lab.begin("room");
  const [mallory, bob, device] = [await lab.author("mallory"), await lab.author("bob"), await lab.device("alice")];
  const setup = [...lab.world.placed];
  const { root } = lab.world;
  const revoke = { targets: [mallory.admission], identityKeys: [], cuts: [], wipe: null } as const;
  const revoked = lab.world.say(root, { type: "revoke", ...revoke });
  await device.hear(...setup, revoked);
  const runs: VerifiedRun[] = [];
  const said: string[] = [];
  for (let at = 0; at < 19; at++) {
    const run = await large(mallory);
    runs.push(run);
    said.push(await give(device, run));
  }
  expect(said).toEqual([...Array.from({ length: 17 }, () => "appended"), "BEYOND_CUT", "BEYOND_CUT"]);
  // Whose another chain is is known once it has begun.
  const other = await mallory.again("other");
  expect(await give(device, await other.write([]))).toBe("appended");
  expect(await give(device, await large(other))).toBe("BEYOND_CUT");
  expect(await give(device, await bob.write([bob.part(place, handMade({ actor: bob.actor(place) }).bytes)]))).toBe(
    "appended",
  );
  await device.close();
  await device.open();
  expect(await give(device, runs[17] ?? expect.fail("a run"))).toBe("BEYOND_CUT");
  // What is readmitted takes no room, and what follows has room again.
  const tip = runs[16]?.entries.at(-1);
  if (tip?.signature == null) return expect.fail("a signed entry");
  const cut = { writer: mallory.writer, seq: tip.header.seq, id: tip.id, signature: tip.signature };
  const cuts = [{ database: testDatabase, cuts: [cut] }];
  await device.hear(lab.world.say(root, { type: "readmit", lifts: [revoked.id], cuts }));
  for (const run of runs.slice(17)) expect(await give(device, run)).toBe("appended");
});

test("D9 who meets somebody that holds more of it syncs to the end, each time, and leaves the rest", async () => {
  const lab = await Lab.begin("meeting");
  const [mallory, bob] = [await lab.author("mallory"), await lab.author("bob")];
  const [unheard, device] = [await lab.device("carol"), await lab.device("alice")];
  const setup = [...lab.world.placed];
  const revoke = { targets: [mallory.admission], identityKeys: [], cuts: [], wipe: null } as const;
  const revoked = lab.world.say(lab.world.root, { type: "revoke", ...revoke });
  await unheard.hear(...setup);
  await device.hear(...setup, revoked);
  for (let at = 0; at < 19; at++) expect(await give(unheard, await large(mallory))).toBe("appended");
  await unheard.receive(await bob.write([bob.part(place, handMade({ actor: bob.actor(place) }).bytes)]));
  const source = unheard.database.getStore();
  expect(await device.database.pullChangesFrom(source)).toEqual({ entries: 18 });
  const vector = await device.assembled.replica.vector();
  expect([...vector.values()].map(({ seq }) => seq).toSorted()).toEqual([0, 16]);
  await device.database.pullChangesFrom(source);
  await device.database.pushChangesTo(source);
  expect(await device.assembled.replica.vector()).toEqual(vector);
});
