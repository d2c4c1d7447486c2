import { deflateRawSync } from "node:zlib";
import { test } from "vitest";
import { chunk } from "../../../core/test/automerge/hand-made-change.ts";
import { changeBy, expectRefused } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

test("D4 a compressed change is refused by everybody before it is inflated", async () => {
  const scene = await Scene.begin("D4 change");
  await expectRefused(
    scene,
    (chain) => {
      const body = changeBy(chain, 2, { ops: [{ value: "x".repeat(900_000) }] }).subarray(11);
      return chunk(new Uint8Array(deflateRawSync(body)), 2).bytes;
    },
    "CHANGE_COMPRESSED",
  );
});

test("D4 a deflated column is refused by everybody before it is inflated", async () => {
  const scene = await Scene.begin("D4 column");
  const zeros = [...deflateRawSync(new Uint8Array(50_000_000))];
  await expectRefused(
    scene,
    (chain) => changeBy(chain, 2, { ops: [{ value: 1 }], columns: { 95: zeros } }),
    "CHANGE_COMPRESSED",
  );
});
