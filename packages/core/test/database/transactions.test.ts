import { expect, test } from "vitest";
import { isMember } from "../../src/directory/admission.ts";
import { pass } from "../feed/follower.ts";
import { Lab } from "./lab.ts";

test("a document of which nothing counts any more is created again by a transaction under the handle that it has", async () => {
  const lab = await Lab.begin("created again");
  const [mallory, carol] = [await lab.device("mallory"), await lab.device("carol")];
  for (const device of [mallory, carol]) await device.hear(...lab.world.placed);
  const hers = await mallory.database.createDocument({ by: "mallory" }, { id: "settings" });
  await pass(mallory, carol);
  const held = await carol.database.getDocument(hers.id);
  const told: unknown[] = [];
  held.on("change", () => told.push(held.getData()));
  const target = lab.world
    .view()
    .devices()
    .filter(isMember)
    .find(({ name }) => name.includes("mallory"));
  if (target === undefined) throw new RangeError("mallory is not there");
  const cut = { targets: [target.id], identityKeys: [], cuts: [], wipe: null };
  await carol.hear(lab.world.say(lab.world.root, { type: "revoke", ...cut }));
  const made = await carol.database.transact((tx) => tx.createDocument({ by: "carol" }, { id: "settings" }));
  expect(made).toBe(held);
  expect(await carol.database.getDocument(hers.id)).toBe(held);
  expect([held.getData(), told.at(-1)]).toEqual([{ by: "carol" }, { by: "carol" }]);
});
