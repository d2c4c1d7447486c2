import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { chainOfBob } from "../support/hostile-change.ts";
import { hex } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

const DELETIONS = 1_000;
const PARTS = 100;

test("D12 a document that was deleted a thousand times costs no more than one that was changed a thousand times", async () => {
  const scene = await Scene.begin("D12 deletions");
  const cost: number[] = [];
  for (const kind of ["change", "delete"] as const) {
    const chain = await chainOfBob(scene);
    const parts: ReturnType<typeof chain.change>[] = [];
    let deps: string[] = [];
    for (let at = 0; at < DELETIONS; at++) {
      const made = handMade({
        actor: hex(chain.actor({ counter: 1 })),
        deps,
        seq: at + 1,
        startOp: at + 1,
        ops: [{ key: { text: `${at}` }, value: at }],
      });
      deps = [made.hash];
      parts.push(chain.change({ counter: 1 }, made.bytes, { kind }));
    }
    const entries = Array.from({ length: DELETIONS / PARTS }, (_, at) => parts.slice(at * PARTS, (at + 1) * PARTS));
    const run = await chain.write(...entries);
    const before = process.cpuUsage();
    await scene.run(scene.carol.database.getStore().append([run]));
    const { user, system } = process.cpuUsage(before);
    cost.push((user + system) / 1_000);
    expect(scene.reasons(scene.carol)).toEqual([]);
  }
  const [changes = 0, deletions = 0] = cost;
  console.log(`D12 ${DELETIONS} changes: ${changes.toFixed(0)} ms, as deletions: ${deletions.toFixed(0)} ms`);
  expect(deletions).toBeLessThan(500 + 3 * changes);
});
