import { expect, test } from "vitest";
import { maliciousRelay } from "../../src/malicious-relay.ts";
import { SeededRandom } from "../../src/seeded-random.ts";
import { expectWorkGoesOn } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

/** What Alice wrote, as Bob may see it: a field is as she wrote it, or not there. */
const FIELDS = 24;

test("B1 a relay that flips a bit in every frame, or in one, never makes a client show what nobody wrote", async () => {
  const scene = await Scene.begin("B1");
  const { alice, bob, world } = scene;
  const doc = await scene.run(alice.database.createDocument({ field: -1 }));
  await world.settle();
  for (let attack = 0; attack < FIELDS; attack += 1) {
    await scene.run(bob.disconnect());
    await scene.run(
      alice.database.changeDoc(doc, (draft) => {
        draft.getData()[`field ${attack}`] = attack;
      }),
    );
    await scene.run(Promise.all([...(alice.life?.connections ?? [])].map((line) => line.synced())));
    const random = new SeededRandom(`flip ${attack}`);
    const flip = (frame: Uint8Array, index: number): readonly Uint8Array[] => {
      if (attack % 2 === 0 && index !== attack % 7) return [frame];
      const at = random.below(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << random.below(8));
      return [frame];
    };
    const side = attack % 3 === 0 ? { fromClient: flip } : { fromRelay: flip };
    const connecting = bob.connectRelay(world.relay, maliciousRelay(world.relay.accept, side));
    connecting.catch(() => undefined); // refused or broken off: both are fine
    await world.clock.advance(3_000);
    const shown = (await bob.database.getDocument(doc.id)).getData();
    for (const [name, value] of Object.entries(shown))
      expect(value).toBe(name === "field" ? -1 : Number(name.slice("field ".length)));
  }
  expect(scene.reasons(bob)).toEqual([]);
  await scene.reconnect();
  await scene.shared();
  expect(Object.keys((await bob.database.getDocument(doc.id)).getData())).toHaveLength(FIELDS + 1);
  await expectWorkGoesOn(scene);
});
