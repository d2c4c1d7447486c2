import { expect, test } from "vitest";
import { Observer } from "./support/observer.ts";
import { Scene } from "./support/scene.ts";

const MOST = 290;
/** A writer's first entries also bring its certificate and what it knows of others. */
const FIRST = 2;

test(`a small change on an open session is one frame of at most ${MOST} bytes, to the relay and from it`, async () => {
  const scene = await Scene.begin("sizes");
  const { alice, bob, world } = scene;
  const doc = await scene.run(alice.database.createDocument({ name: "John Doe", revenue: 120 }));
  await world.settle();
  for (let change = 0; change < 30; change += 1) {
    const observer = new Observer(scene);
    await scene.run(
      alice.database.changeDoc(doc, (draft) => {
        draft.getData()["revenue"] = 1_000 * change;
      }),
    );
    await world.settle();
    expect((await bob.database.getDocument(doc.id)).getData()["revenue"]).toBe(1_000 * change);
    if (change < FIRST) continue;
    for (const lane of ["alice>relay", "relay>bob"]) {
      const large = observer.sizes(lane).filter((bytes) => bytes > 64);
      expect(large).toHaveLength(1);
      expect(Math.max(...large)).toBeLessThanOrEqual(MOST);
    }
  }
});
