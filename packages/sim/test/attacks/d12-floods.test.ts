import { entrySize } from "@selkie/entry";
import { expect, test } from "vitest";
import { act, floodOf } from "../../../core/test/automerge/hand-made-change.ts";
import { chainOfBob, changeBy, expectRefused, expectWorkGoesOn } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

const MILLION = 1_000_000;

test("D12 a million operations in a hundred bytes are refused by everybody", async () => {
  const scene = await Scene.begin("D12 ops");
  const columns = floodOf(act.set, MILLION);
  await expectRefused(scene, (chain) => changeBy(chain, 2, { columns }), "CHANGE_TOO_LARGE");
});

test("D12 a hundred levels of nesting are refused by everybody", async () => {
  const scene = await Scene.begin("D12 depth");
  const ops = Array.from({ length: 100 }, (_, at) => ({
    ...(at === 0 ? {} : { obj: [at, 0] as const }),
    action: act.makeMap,
  }));
  await expectRefused(scene, (chain) => changeBy(chain, 2, { ops }), "CHANGE_TOO_DEEP");
});

test("D12 many parts of very many operations each, a few kilobytes together, are refused by everybody", async () => {
  const scene = await Scene.begin("D12 parts");
  const chain = await chainOfBob(scene);
  const part = (counter: number, ops: number) => {
    const bytes = changeBy(chain, counter, { columns: floodOf(act.set, ops) });
    return chain.change({ counter }, bytes, { kind: "create" });
  };
  const flood = Array.from({ length: 40 }, (_, at) => part(at + 1, 100_000));
  const run = await chain.write(flood, [part(50, 100_000)]);
  expect(run.entries[0] === undefined ? 0 : entrySize(run.entries[0])).toBeLessThan(20_000);
  await scene.plant([run]);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_TOO_LARGE"]);
  expect((await scene.shared()).length).toBe(1);
  await expectWorkGoesOn(scene);
});
