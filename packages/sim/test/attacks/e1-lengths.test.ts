import { splice } from "@automerge/automerge";
import { expect, test } from "vitest";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

/** What an observer measures while somebody types this much into a text. */
async function measure(text: string): Promise<readonly number[]> {
  const scene = await Scene.begin("E1");
  const { id } = await scene.run(scene.alice.database.createDocument({ text: "Some text that is there already." }));
  await scene.world.settle();
  const observer = new Observer(scene);
  await scene.run(
    scene.alice.database.changeDoc(await scene.alice.database.getDocument(id), (draft) => {
      splice(draft.getData(), ["text"], 9, 0, text);
    }),
  );
  await scene.world.settle();
  return observer.sizes("alice>relay");
}

test("E1 an edit of one byte and one of twenty bytes look the same to a relay, frame by frame", async () => {
  const one = await measure("a");
  expect(one.length).toBeGreaterThan(0);
  expect(await measure("twenty bytes of text")).toEqual(one);
});

test("E1 a document of two thousand bytes is larger than one of one: lengths are coarse, not hidden", async () => {
  const [one] = await measure("a");
  const [large] = await measure("a".repeat(2_000));
  expect(large).toBeGreaterThan((one ?? 0) + 1_000);
});
