import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { chainOfBob } from "../support/hostile-change.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const TURNS = 1_100;
const PARTS = 100;

test("D7 two writers who took turns in a document more often than changes may wait are shown to the end", async () => {
  const scene = await Scene.begin("D7 turns");
  const chains = [await chainOfBob(scene), await chainOfBob(scene)];
  const id = chains[0]?.documentId(1) ?? new Uint8Array();
  const parts: ReturnType<(typeof chains)[number]["change"]>[][] = [[], []];
  let deps: string[] = [];
  for (let turn = 0; turn < 2 * TURNS; turn++) {
    const chain = chains[turn % 2];
    if (chain === undefined) continue;
    const made = handMade({
      actor: hex(chain.actor({ id })),
      deps,
      seq: (turn >> 1) + 1,
      startOp: turn + 1,
      ops: [{ key: { text: `turn ${turn}` }, value: turn }],
    });
    deps = [made.hash];
    parts[turn % 2]?.push(chain.change({ id }, made.bytes));
  }
  const runs = [];
  for (const [at, chain] of chains.entries()) {
    const of = parts[at] ?? [];
    const entries = Array.from({ length: Math.ceil(of.length / PARTS) }, (_, n) =>
      of.slice(n * PARTS, (n + 1) * PARTS),
    );
    runs.push(await chain.write(...entries));
  }
  await scene.plant(runs);
  const [shown = ""] = await scene.shared();
  expect(shown).toContain(`"turn ${2 * TURNS - 1}":`);
  // Bob's own device alone sees that its keys have written elsewhere, in two chains (G2).
  const elsewhere = { type: "alarm", what: "STORE_SET_BACK" };
  for (const device of scene.everybody)
    expect(device.noticed).toEqual(device === scene.bob ? [elsewhere, elsewhere] : []);
  await scene.run(scene.carol.close());
  await scene.run(scene.carol.start());
  expect(await scene.shared()).toEqual([shown]);
});
