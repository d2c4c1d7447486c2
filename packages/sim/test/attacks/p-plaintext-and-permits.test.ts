// What replication sees, what becomes of documents that somebody forges or swaps, of permits made at once, and of writes after closing.

import { adoptOwnRun, fromHex, identifyEntry, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { setRelayBack } from "../support/disks.ts";
import { changeBy, expectWorkGoesOn } from "../support/hostile-change.ts";
import { HostileMember } from "../support/hostile-member.ts";
import { replicaOf, runsOf } from "../support/lies.ts";
import { everyByteOf, found } from "../support/look-for.ts";
import { codeOf, Scene } from "../support/scene.ts";

test("P-1 whoever replicates from an open database sees sealed parts only, while documents are open and edited", async () => {
  const scene = await Scene.begin("P-1");
  const { alice, bob } = scene;
  const doc = await scene.run(alice.database.createDocument({ title: "canary title" }));
  const taken: VerifiedRun[] = [];
  const inner = bob.database.getStore();
  const spy: EntryStore = {
    tenant: inner.tenant,
    database: inner.database,
    vector: () => inner.vector(),
    position: () => inner.position(),
    read: (...at) => inner.read(...at),
    readAfter: (...at) => inner.readAfter(...at),
    find: (id) => inner.find(id),
    scan: () => inner.scan(),
    retire: (parts) => inner.retire(parts),
    unretire: (parts) => inner.unretire(parts),
    append: (runs) => {
      taken.push(...runs);
      return inner.append(runs);
    },
  };
  await scene.run(bob.disconnect());
  await scene.run(
    alice.database.changeDoc(doc, (draft) => {
      draft.getData()["text"] = "canary text";
    }),
  );
  await scene.run(alice.database.pushChangesTo(spy));
  expect(taken.length).toBeGreaterThan(0);
  for (const { entries } of taken)
    for (const { parts } of entries) for (const part of parts) expect(part.type).toBe("sealed");
  expect(
    found(everyByteOf(taken), {
      ...{ canary: "canary", document: fromHex(doc.id).slice(0, 16) },
      head: fromHex(doc.getHeads()[0] ?? ""),
    }),
  ).toEqual([]);
  expect((await bob.database.getDocument(doc.id)).getData()["title"]).toBe("canary title");
});

test("P-4 documents that a relay forges, swaps or takes from before are refused, and the genuine ones shown", async () => {
  const scene = await Scene.begin("P-4");
  const { alice, bob, carol, world } = scene;
  const one = await scene.run(alice.database.createDocument({ title: "one" }));
  await world.settle();
  await scene.run(alice.database.createDocument({ title: "two" }));
  await world.settle();
  const before = world.relay.disk.copy();
  await scene.run(
    alice.database.changeDoc(one, (draft) => {
      draft.getData()["title"] = "one, newer";
    }),
  );
  await world.settle();
  const shown = await scene.shared();

  const stranger = await (await HostileMember.of(bob)).stranger();
  const chain = await stranger.chain(scene.database);
  const forged = changeBy(chain, 1, { ops: [{ value: "forged" }] });
  await scene.plant([await chain.write([chain.change({ counter: 1 }, forged, { kind: "create" })])]);
  expect(await scene.shared()).toEqual(shown);

  const entries = (await runsOf(scene.relayEntries())).flatMap((run) => run.entries);
  const signed = entries.filter(({ signature }) => signature !== null);
  // Two that both have a control part, or none: else the header alone would tell them apart.
  const [first, second] = signed.flatMap((one) => {
    const other = signed.find((each) => each !== one && each.header.control === one.header.control);
    return other === undefined ? [] : [one, other];
  });
  if (first?.signature === undefined || first.signature === null || second === undefined)
    throw new RangeError("two entries");
  const swapped = identifyEntry(nativeVerifier, { ...first, parts: second.parts, table: second.table });
  const lying = replicaOf(scene, [adoptOwnRun([swapped], first.signature)]);
  await scene.run(carol.database.pullChangesFrom(lying).catch(() => undefined));
  expect(await scene.shared()).toEqual(shown);

  setRelayBack(scene, before);
  await scene.reconnect();
  expect(await scene.shared()).toEqual(shown);
  await expectWorkGoesOn(scene);
});

test("P-6 keys that two turn at the same time lose no permit and no document, and all go on under both", async () => {
  const scene = await Scene.begin("P-6");
  const { alice, bob, carol, world } = scene;
  for (const device of [alice, bob]) {
    await scene.run(device.disconnect());
  }
  for (const device of [alice, bob]) {
    await scene.run(device.tenant.directory.rotateKey("default"));
    await scene.run(device.database.createDocument({ under: `the key of ${device.name}` }));
    await scene.run(device.close()); // sealed under it
    await scene.run(device.start());
  }
  const directory = (await HostileMember.of(carol)).record.directory;
  const held = async () =>
    [...(await scene.relayEntries(directory).vector()).values()].reduce((sum, { seq }) => sum + seq + 1, 0);
  await scene.reconnect();
  await world.settle();
  const entries = await held();
  expect((await scene.shared()).map((text) => /the key of \w+/.exec(text)?.[0]).sort()).toEqual([
    "the key of alice",
    "the key of bob",
  ]);
  await expectWorkGoesOn(scene);
  expect(await held()).toBeGreaterThanOrEqual(entries); // nothing is taken back
});

test("P-7 a write after closing is an error, and leaves nothing on the disk", async () => {
  const scene = await Scene.begin("P-7");
  const { bob } = scene;
  const { database } = bob;
  const doc = await scene.run(database.createDocument({ title: "before" }));
  await scene.run(Promise.resolve(database[Symbol.asyncDispose]()));
  const put = (text: string) => (draft: { getData(): Record<string, unknown> }) => {
    draft.getData()["title"] = text;
  };
  for (const work of [
    () => database.createDocument({ title: "canary one" }),
    () => database.createDocuments([{ title: "canary two" }]),
    () => database.changeDoc(doc, put("canary three")),
    () => database.deleteDocument(doc),
  ])
    expect(await scene.run(codeOf(work()))).toBe("CLOSED");
  await scene.run(bob.close());
  expect(found(everyByteOf(bob.disk.content), { canary: "canary", id: doc.id })).toEqual([]);
  await scene.run(bob.start());
  expect((await bob.database.getDocument(doc.id)).getData()).toEqual({ title: "before" });
});
