import { expect, test } from "vitest";
import { SeededRandom } from "../../src/seeded-random.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

const SECRET = "token=7f3a9c51e8b2";

/** A document with a secret, and beside it what an attacker chose, many times over; what an observer measures. */
async function measure(guess: string, where: "field" | "list"): Promise<readonly number[]> {
  const scene = await Scene.begin("E5");
  const observer = new Observer(scene);
  const { database } = scene.alice;
  const doc = await scene.run(database.createDocument({ secret: SECRET, log: [] }));
  await scene.world.settle();
  await scene.run(
    database.changeDoc(doc, (draft) => {
      const data = draft.getData();
      const guesses = Array<string>(40).fill(guess);
      if (where === "field") data["guess"] = guesses.join(" ");
      else data["log"] = guesses;
      data["copy of the secret"] = SECRET;
    }),
  );
  await scene.world.settle();
  return [...observer.sizes("alice>relay"), ...observer.sizes("relay>bob")];
}

for (const where of ["field", "list"] as const) {
  test(`E5 a right and a wrong guess beside a secret, in a ${where}, have the same lengths on the wire`, async () => {
    const right = await measure(SECRET, where);
    expect(right.length).toBeGreaterThan(2);
    for (const wrong of ["token=000000000000", "nekot=2b8e15c9a3f7", "xxxxxxxxxxxxxxxxxx"])
      expect(await measure(wrong, where)).toEqual(right);
  });
}

test("E5 what compresses well is as long as what does not", async () => {
  const random = new SeededRandom("E5");
  const noise = Array.from({ length: 40 * 18 }, () => String.fromCharCode(97 + random.below(26))).join("");
  const text = async (guess: string) => {
    const scene = await Scene.begin("E5 text");
    const observer = new Observer(scene);
    await scene.run(scene.alice.database.createDocument({ text: guess }));
    await scene.world.settle();
    return observer.sizes("alice>relay");
  };
  expect(await text("a".repeat(noise.length))).toEqual(await text(noise));
});
