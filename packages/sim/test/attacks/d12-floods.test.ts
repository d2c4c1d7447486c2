import { test } from "vitest";
import { act, signed, unsigned } from "../../../core/test/automerge/hand-made-change.ts";
import { changeBy, expectRefused } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

const MILLION = 1_000_000;

test("D12 a million operations in a hundred bytes are refused by everybody", async () => {
  const scene = await Scene.begin("D12 ops");
  const columns = {
    21: [...signed(MILLION), 1, 0x6b],
    52: unsigned(MILLION),
    66: [...signed(MILLION), act.set],
    86: [...signed(MILLION), 0],
    112: [...signed(MILLION), 0],
  };
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
