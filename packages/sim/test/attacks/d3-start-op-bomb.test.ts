import { test } from "vitest";
import { changeBy, expectRefused } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

test("D3 a change that starts at operation 2^53 - 2 is refused by everybody, and no document becomes unloadable", async () => {
  const scene = await Scene.begin("D3");
  await expectRefused(
    scene,
    (chain) => changeBy(chain, 2, { startOp: 2 ** 53 - 2, ops: [{ value: 1 }] }),
    "CHANGE_START_OP",
  );
});
