import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { chainOfBob } from "../support/hostile-change.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const LAST_TIME = 8_640_000_000_000_000;

/** Everybody changes one field at the same moment, without the others; gives what everybody ends up with. */
async function conflict(clockErrors: readonly number[]): Promise<readonly string[]> {
  const scene = await Scene.begin("B12", { clockErrors });
  const { id } = await scene.run(scene.alice.database.createDocument({ title: "at first", log: [] }));
  await scene.world.settle();
  for (const device of scene.everybody) await scene.run(device.disconnect());
  for (const { database, name } of scene.everybody) {
    await scene.run(
      database.changeDoc(await database.getDocument(id), (draft) => {
        draft.getData()["title"] = name;
      }),
    );
  }
  await scene.reconnect();
  expect((await scene.alice.tenant.directory.users()).map(({ role }) => role).sort()).toEqual([
    "admin",
    "editor",
    "editor",
  ]);
  return scene.shared();
}

test("B12 clocks at 0, before 1970, in the year 275760 and not a number: the same members, documents, heads and winners", async () => {
  const right = await conflict([0]);
  for (const errors of [
    [-1e15, 0, 1e17],
    [1e17, Number.NaN, -1e15],
    [Number.POSITIVE_INFINITY, -1, Number.NEGATIVE_INFINITY],
  ])
    expect(await conflict(errors)).toEqual(right);
});

test("B12 a member who claims the first or the last of all times gains nothing by it", async () => {
  const outcomes: string[] = [];
  for (const times of [
    [0, LAST_TIME],
    [LAST_TIME, 0],
  ]) {
    const scene = await Scene.begin("B12 member");
    const chain = await chainOfBob(scene);
    const document = { counter: 0 };
    const actor = hex(chain.actor(document));
    const first = handMade({ actor, ops: [{ key: { text: "k" }, value: "first" }] });
    const second = handMade({
      actor,
      seq: 2,
      startOp: 2,
      deps: [first.hash],
      ops: [{ key: { text: "k" }, value: "second", pred: [[1, 0]] }],
    });
    const [early = 0, late = 0] = times;
    await scene.plant([
      await chain.write(
        [chain.change(document, first.bytes, { kind: "create", time: early })],
        [chain.change(document, second.bytes, { time: late })],
      ),
    ]);
    const [shown = ""] = await scene.shared();
    expect(shown).toContain("second");
    outcomes.push(shown);
    for (const device of scene.everybody) expect(scene.reasons(device)).toEqual([]);
  }
  expect(outcomes[0]).toBe(outcomes[1]);
});
