import { declareSearch, search } from "@selkie/client";
import { expect, test } from "vitest";
import { newKeyVersion } from "../../../core/src/keys/key-version.ts";
import { chainOfBob, changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

const ENTRIES = 100;

test("D8 garbage in every tenth entry stops neither those after it nor anybody else", async () => {
  const scene = await Scene.begin("D8");
  const chain = await chainOfBob(scene);
  const entries = Array.from({ length: ENTRIES }, (_, counter) => {
    const bytes = changeBy(chain, counter, { ops: [{ value: counter }] });
    return [chain.change({ counter }, bytes, { kind: "create" })];
  });
  await scene.plant([await chain.writeGarbled((seq) => seq % 10 === 9, ...entries)]);
  expect(await scene.shared()).toHaveLength(ENTRIES * 0.9);
  for (const device of scene.everybody)
    expect(scene.reasons(device)).toEqual(Array<string>(ENTRIES / 10).fill("PART_UNDECRYPTABLE"));
  await expectWorkGoesOn(scene);
});

test("D8 garbage in every tenth entry is in no index of texts, and all the rest is", async () => {
  const scene = await Scene.begin("D8 search");
  const chain = await chainOfBob(scene);
  const { database } = scene.alice;
  await using declared = await declareSearch<object>(database, { fields: { text: { value: "k.val" } } });
  expect(await search(database, "seal")).toEqual([]);
  const entries = Array.from({ length: ENTRIES }, (_, counter) => {
    const bytes = changeBy(chain, counter, { ops: [{ value: `seal ${counter}` }] });
    return [chain.change({ counter }, bytes, { kind: "create" })];
  });
  await scene.plant([await chain.writeGarbled((seq) => seq % 10 === 9, ...entries)]);
  expect(await scene.shared()).toHaveLength(ENTRIES * 0.9);
  expect(await search(database, "seal")).toHaveLength(ENTRIES * 0.9);
  expect(declared.failures).toEqual([]);
});

test("D8 a part under a key that nobody was given waits, and nobody waits for it", async () => {
  const scene = await Scene.begin("D8 no key");
  const chain = await chainOfBob(scene);
  const { crypto } = chain.member;
  const key = await newKeyVersion(crypto, "his own", crypto.randomBytes(16));
  const bytes = changeBy(chain, 0, { ops: [{ value: 1 }] });
  const closed = { ...chain.change({ counter: 0 }, bytes, { kind: "create" }), key };
  const open = chain.change({ counter: 1 }, changeBy(chain, 1, { ops: [{ value: 1 }] }), { kind: "create" });
  await scene.plant([await chain.write([closed], [open], [closed, open])]);
  expect(await scene.shared()).toHaveLength(1);
  await expectWorkGoesOn(scene);
});
