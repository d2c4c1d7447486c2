import { expect, test } from "vitest";
import { handMade } from "../../../core/test/automerge/hand-made-change.ts";
import { give, writeValue } from "../support/branches.ts";
import { type HostileChain, HostileMember } from "../support/hostile-member.ts";
import { hex, replicaOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";

test("D1 two changes at one place of an actor: everybody counts the first of the chain, and refuses the second", async () => {
  const scene = await Scene.begin("D1 changes");
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const document = { counter: 0 };
  const actor = hex(chain.actor(document));
  const [one, other] = ["one", "other"].map((value) => handMade({ actor, ops: [{ key: { text: "k" }, value }] }));
  if (one === undefined || other === undefined) throw new RangeError("two changes");
  await scene.plant([
    await chain.write([chain.change(document, one.bytes, { kind: "create" })], [chain.change(document, other.bytes)]),
  ]);
  const shown = await scene.shared();
  expect(shown).toHaveLength(1);
  expect(shown[0]).toContain('{"k":"one"}');
  for (const device of scene.everybody) expect(scene.reasons(device)).toEqual(["CHANGE_EQUIVOCATION"]);
});

/** What those show who are not Bob, whose own device would make anew what it held of his chain; all show the same. */
async function shownToOthers(scene: Scene): Promise<readonly string[]> {
  const shown = await scene.show(scene.alice);
  expect(await scene.show(scene.carol)).toEqual(shown);
  return shown;
}

/** Bob signs two first entries of one chain, and is not seen again: alice gets the one, carol the other. Gives that chain. */
async function split(scene: Scene): Promise<HostileChain> {
  await scene.run(scene.bob.disconnect());
  const chain = await (await HostileMember.of(scene.bob)).chain(scene.database);
  const branch = chain.fork();
  const make = async (of: HostileChain, value: string) => {
    const document = { counter: 0 };
    const { bytes } = handMade({ actor: hex(of.actor(document)), ops: [{ key: { text: "k" }, value }] });
    return of.write([of.change(document, bytes, { kind: "create" })]);
  };
  const [left, right] = [await make(chain, "left"), await make(branch, "right")];
  await scene.run(scene.alice.database.pullChangesFrom(replicaOf(scene, [left])));
  await scene.run(scene.carol.database.pullChangesFrom(replicaOf(scene, [right])));
  return chain;
}

test("D1 two entries at one place of a chain: whoever meets both proves it, and everybody shows the same, without either", async () => {
  const scene = await Scene.begin("D1 entries");
  await split(scene);
  expect((await scene.show(scene.alice)).join()).toContain("left");
  expect((await scene.show(scene.carol)).join()).toContain("right");
  const doc = await scene.run(scene.alice.database.createDocument({ title: "honest" }));
  await scene.reconnect([scene.alice, scene.carol]); // one of the two branches comes to the relay first; who holds the other meets it there
  await scene.world.settle();
  for (const device of [scene.alice, scene.carol]) expect(scene.alarms(device)).toContain("EQUIVOCATION");
  const shown = await shownToOthers(scene);
  expect(shown).toHaveLength(1);
  for (const device of [scene.alice, scene.carol]) expect(scene.reasons(device)).toContain("BEHIND_FORK");
  for (const device of [scene.alice, scene.carol])
    expect((await device.database.getDocument(doc.id)).getData()).toEqual({ title: "honest" });
});

test("D1 what follows on a fork counts nowhere, also after everybody started again", async () => {
  const scene = await Scene.begin("D1 behind");
  const chain = await split(scene);
  await scene.reconnect([scene.alice, scene.carol]);
  await scene.world.settle();
  const { bytes } = handMade({
    actor: hex(chain.actor({ counter: 7 })),
    ops: [{ key: { text: "k" }, value: "later" }],
  });
  const later = await chain.write([chain.change({ counter: 7 }, bytes, { kind: "create" })]);
  await scene.run(scene.alice.database.pullChangesFrom(replicaOf(scene, [later])));
  await scene.reconnect([scene.alice, scene.carol]);
  expect(await shownToOthers(scene)).toEqual([]);
  for (const device of [scene.alice, scene.carol]) await scene.run(device.close());
  for (const device of [scene.alice, scene.carol]) await scene.run(device.start());
  await scene.reconnect([scene.alice, scene.carol]);
  expect(await shownToOthers(scene)).toEqual([]);
});

const PLACES = 3;
const RIVALS = 14;
/** As many rivals as are proven for one place. */
const MOST_RIVALS = 8;

test.each([
  ["the first first", false, MOST_RIVALS + 2], // of what comes behind a proven fork one proof is enough
  ["the last first", true, PLACES * (MOST_RIVALS + 1)],
])(
  "D1 who signs many entries at each of many places, %s, fills the directory with a few proofs and no more",
  async (_, isLastFirst, most) => {
    const scene = await Scene.begin("D1 many");
    const { alice, carol } = scene;
    const member = await HostileMember.of(scene.bob);
    const chain = await member.chain(scene.database);
    const places: HostileChain[] = [];
    for (let place = 0; place < PLACES; place += 1) {
      places.push(chain.fork());
      await give(scene, carol, [await writeValue(chain, place, `place ${place}`)]);
    }
    const directory = scene.relayEntries(member.record.directory);
    const before = await directory.position();
    for (const place of isLastFirst ? places.toReversed() : places)
      for (let rival = 0; rival < RIVALS; rival += 1) {
        const run = await writeValue(place.fork(), 100 + rival, `rival ${rival}`);
        expect((await scene.run(carol.database.getStore().append([run]))).map(({ type }) => type)).toEqual(["fork"]);
        await scene.world.settle();
      }
    const proofs = (await directory.position()) - before;
    expect(proofs).toBeGreaterThanOrEqual(MOST_RIVALS - 1);
    expect(proofs).toBeLessThanOrEqual(most);
    expect(scene.alarms(carol)).toContain("EQUIVOCATION");
    await scene.run(alice.database.createDocument({ title: "honest" }));
    await scene.world.settle();
    expect((await scene.shared()).join()).toContain("honest");
  },
);
