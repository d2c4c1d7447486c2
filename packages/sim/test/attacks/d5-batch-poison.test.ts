import { expect, test } from "vitest";
import { chainOfBob, changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

const PARTS = 50;
const HOSTILE = 23;

test("D5 one bad change among fifty parts of an entry costs that change only", async () => {
  const scene = await Scene.begin("D5 part");
  const chain = await chainOfBob(scene);
  const parts = Array.from({ length: PARTS }, (_, counter) => {
    const startOp = counter === HOSTILE ? 5 : 1;
    return chain.change({ counter }, changeBy(chain, counter, { startOp, ops: [{ value: counter }] }), {
      kind: "create",
    });
  });
  await scene.plant([await chain.write(parts)]);
  expect(await scene.shared()).toHaveLength(PARTS - 1);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_START_OP"]);
  await expectWorkGoesOn(scene);
});

test("D5 P-9 one part that is no change at all, among fifty, costs that part only", async () => {
  const scene = await Scene.begin("D5 junk");
  const chain = await chainOfBob(scene);
  const parts = Array.from({ length: PARTS }, (_, counter) => {
    const bytes =
      counter === HOSTILE ? new Uint8Array(90).fill(0xff) : changeBy(chain, counter, { ops: [{ value: counter }] });
    return chain.change({ counter }, bytes, { kind: "create" });
  });
  await scene.plant([await chain.write(parts)]);
  expect(await scene.shared()).toHaveLength(PARTS - 1);
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_MALFORMED"]);
  await expectWorkGoesOn(scene);
});
