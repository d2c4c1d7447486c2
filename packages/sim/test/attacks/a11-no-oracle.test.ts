import { expect, test } from "vitest";
import { chainOfBob, changeBy } from "../support/hostile-change.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

const ENTRIES = 100;

/** What Carol's device sends when these entries reach it, as types, lengths and times. */
async function answersTo(
  garbled: (seq: number) => boolean,
): Promise<{ readonly sent: string[]; readonly opened: number }> {
  const scene = await Scene.begin("A11"); // the same world each time
  const { carol, world } = scene;
  const chain = await chainOfBob(scene);
  const parts = Array.from({ length: ENTRIES }, (_, counter) => [
    chain.change({ counter }, changeBy(chain, counter, { ops: [{ value: "hello" }] }), { kind: "create" as const }),
  ]);
  const run = await chain.writeGarbled(garbled, ...parts);
  const observer = new Observer(scene);
  await scene.plant([run]);
  await world.clock.advance(30_000);
  const sent = observer.frames.filter(({ lane }) => lane === "carol>relay");
  const opened = (await carol.database.getAllDocumentIds()).length;
  return { sent: sent.map(({ frame, at }) => `${at} ${frame[0]} ${frame.length}`), opened };
}

test("A11 a device sends the same, at the same times, whether what came decrypts or not", async () => {
  const good = await answersTo(() => false);
  const bad = await answersTo(() => true);
  const some = await answersTo((seq) => seq % 3 === 0);
  expect([good.opened, bad.opened]).toEqual([ENTRIES, 0]);
  expect(some.opened).toBeGreaterThan(0);
  expect(good.sent.length).toBeGreaterThan(5);
  expect(bad.sent).toEqual(good.sent);
  expect(some.sent).toEqual(good.sent);
});
