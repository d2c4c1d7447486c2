import { splice } from "@automerge/automerge";
import { expect, test } from "vitest";
import { SeededRandom } from "../../src/seeded-random.ts";
import { runsOf } from "../support/lies.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

const WINDOW_MS = 250;
const LONG_WINDOW_MS = 2_000;
const DURATION_MS = 10_000;

test.each([
  ["the shortest", WINDOW_MS],
  ["the longest", LONG_WINDOW_MS],
])(
  "E2 somebody who types for ten seconds sends at most one entry in %s window, however fast the keys come",
  async (_, windowMs) => {
    const scene = await Scene.begin("E2");
    const { alice, world } = scene;
    if (windowMs !== WINDOW_MS) await scene.run(alice.tenant.settings.change({ flushWindow: windowMs }));
    const doc = await scene.run(alice.database.createDocument({ text: "" }));
    await world.settle();
    const before = await entriesAtRelay(scene);
    const observer = new Observer(scene);
    const random = new SeededRandom("typing");
    let keys = 0;
    for (let at = 0; at < DURATION_MS; keys += 1) {
      const pause = random.chance(0.1) ? random.between(300, 1_500) : random.between(20, 180);
      await world.clock.advance(pause);
      at += pause;
      await scene.run(type(alice.database, doc));
    }
    await world.clock.advance(windowMs * 2);
    const entries = (await entriesAtRelay(scene)) - before;
    expect(keys).toBeGreaterThan(30);
    expect(entries).toBeLessThanOrEqual(DURATION_MS / windowMs + 2);
    expect(entries).toBeLessThan(keys);
    const times = observer.frames
      .filter(({ lane, frame }) => lane === "alice>relay" && frame.length > 180)
      .map(({ at }) => at);
    expect(times.length).toBe(entries);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(windowMs);
  },
);

test("E2 three hundred keystrokes offline become one entry", async () => {
  const scene = await Scene.begin("E2 offline");
  const { alice } = scene;
  const doc = await scene.run(alice.database.createDocument({ text: "" }));
  await scene.world.settle();
  const before = await entriesAtRelay(scene);
  await scene.run(alice.disconnect());
  for (let key = 0; key < 300; key += 1) await scene.run(type(alice.database, doc));
  await scene.reconnect();
  expect(await entriesAtRelay(scene)).toBe(before + 1);
});

type Database = Scene["alice"]["database"];

async function type(database: Database, doc: Awaited<ReturnType<Database["createDocument"]>>): Promise<void> {
  await database.changeDoc(doc, (draft) => {
    splice(draft.getData(), ["text"], 0, 0, "x");
  });
}

async function entriesAtRelay(scene: Scene): Promise<number> {
  return (await runsOf(scene.relayEntries())).reduce((sum, { entries }) => sum + entries.length, 0);
}
