// How often a member's small entries have others read its chains again.
import { expect, test, vi } from "vitest";
import { heldLimits } from "../../src/automerge/held-changes.ts";
import { mostReadAgain } from "../../src/database/read-again.ts";
import { Ingest } from "../../src/replica/ingest.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { Lab, placeOf } from "./lab.ts";

test("D7 D12 who has all its orphans read again for each that it frees makes others read so much and no more, until some time has passed", async () => {
  const lab = await Lab.begin("read again");
  const [mallory, device] = [await lab.author("mallory"), await lab.device("alice")];
  const later = await mallory.again("later");
  await device.hear(...lab.world.placed);
  const orphans = 2 * heldLimits.changes;
  const pairs = Array.from({ length: orphans }, (_, at) => {
    const place = placeOf(`document ${at}`);
    const base = handMade({ actor: later.actor(place), ops: [{ key: { text: "base" }, value: at }] });
    const ops = [{ key: { text: "orphan" }, value: at }];
    const orphan = handMade({ actor: mallory.actor(place), deps: [base.hash], startOp: 2, ops });
    return { base: [later.part(place, base.bytes)], orphan: [mallory.part(place, orphan.bytes)] };
  });
  for (let at = 0; at < orphans; at += 1_000)
    await device.receive(await mallory.write(...pairs.slice(at, at + 1_000).map(({ orphan }) => orphan)));
  const freed = Math.ceil(mostReadAgain / (orphans - heldLimits.changes)) + 20;
  const replay = vi.spyOn(Ingest.prototype, "replay");
  try {
    const read = async (): Promise<number> => {
      const entries = await Promise.all(replay.mock.results.map(({ value }) => value as Promise<number>));
      return entries.reduce((sum, count) => sum + count, 0);
    };
    for (const { base } of pairs.slice(-freed)) await device.receive(await later.write(base));
    expect(await read()).toBeGreaterThanOrEqual(mostReadAgain);
    expect(await read()).toBeLessThan(mostReadAgain + orphans);
    device.tick();
    await device.assembled.rebuild([]);
    expect(await read()).toBeLessThan(mostReadAgain + 2 * orphans);
  } finally {
    replay.mockRestore();
  }
  const [live, again] = [
    await device.database.getAllDocumentIds(),
    await (await device.reopened()).database.getAllDocumentIds(),
  ];
  expect(live).toHaveLength(freed);
  expect(live.toSorted()).toEqual(again.toSorted());
  for (const id of live.slice(0, 50)) expect((await device.database.getDocument(id)).getHeads()).toHaveLength(1);
});
