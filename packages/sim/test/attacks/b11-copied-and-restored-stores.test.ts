import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@selkie/client";
import { toHex } from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import { expect, test } from "vitest";
import type { SimDevice } from "../../src/sim-device.ts";
import { runsOf } from "../support/lies.ts";
import { Scene } from "../support/scene.ts";
import { titles, write } from "../support/titles.ts";

/** Another device that starts from a copy of this one's disk and KeyBag. */
function copyOf(scene: Scene, device: SimDevice, name: string): SimDevice {
  const copy = scene.world.device(name);
  copy.disk = device.disk.copy();
  copy.keyBagFile = device.keyBagFile;
  return copy;
}

for (const closed of [true, false]) {
  test(`B11 a store that is copied ${closed ? "after a clean close" : "while it is open"}: both run, and no (writer, seq) is used twice`, async () => {
    const scene = await Scene.begin(`B11 copy ${closed}`);
    const { alice, carol } = scene;
    await write(scene, alice, ["before"]);
    await scene.world.settle();
    if (closed) await scene.run(alice.close());
    const copy = copyOf(scene, alice, "the copy");
    await scene.run(alice.start());
    await scene.run(copy.start());
    for (const round of ["one", "two"]) {
      await write(scene, alice, [`original ${round}`]);
      await write(scene, copy, [`copy ${round}`]);
      await scene.run(alice.database.pullChangesFrom(copy.database.getStore()));
      await scene.run(copy.database.pullChangesFrom(alice.database.getStore()));
    }
    await scene.run(copy.connectRelay(scene.world.relay));
    await scene.reconnect();
    await scene.world.settle();
    const all = ["before", "copy one", "copy two", "original one", "original two"];
    for (const device of [...scene.everybody, copy]) expect(await titles(device)).toEqual(all);
    expect(scene.world.watch.forks).toEqual([]);
    expect([...scene.reasons(carol), ...scene.alarms(carol)]).toEqual([]);
  });
}

test("B11 one backup that is restored twice, and written to each time, never repeats a place", async () => {
  const scene = await Scene.begin("B11 backup");
  const { alice, carol } = scene;
  await write(scene, alice, ["before"]);
  await scene.world.settle();
  const backup = copyOf(scene, alice, "backup");
  for (const round of ["first", "second"]) {
    alice.crash();
    alice.disk = backup.disk.copy();
    alice.keyBagFile = backup.keyBagFile;
    await scene.run(alice.start());
    await write(scene, alice, [`${round} life`, `${round} life again`]);
    await scene.reconnect();
  }
  const all = ["before", "first life", "first life again", "second life", "second life again"];
  for (const device of scene.everybody) expect(await titles(device)).toEqual(all);
  expect(scene.world.watch.forks).toEqual([]);
  expect([...scene.reasons(carol), ...scene.alarms(carol)]).toEqual([]);
});

test("B11 a journal that was copied unsealed is re-authored by both, and both versions arrive", async () => {
  const scene = await Scene.begin("B11 journal");
  const { alice, carol } = scene;
  await scene.run(alice.disconnect());
  await write(scene, alice, ["unsealed"]);
  const copy = copyOf(scene, alice, "the copy");
  alice.crash();
  await scene.run(alice.start());
  await scene.run(copy.start());
  await scene.run(copy.connectRelay(scene.world.relay));
  await scene.reconnect();
  await scene.world.settle();
  expect(await titles(carol)).toEqual(["unsealed"]);
  expect(scene.world.watch.forks).toEqual([]);
  expect(scene.reasons(carol)).toEqual([]);
});

test("B11 a directory of SQLite files that is copied: both run, and no (writer, seq) is used twice", async () => {
  const root = await mkdtemp(join(tmpdir(), "selkie-b11-"));
  try {
    const [here, there] = [join(root, "here"), join(root, "there")];
    await (async () => {
      await using client = await createClient({ store: here, password: "pass" });
      const tenant = await client.createTenant("acme", { user: "CN=alice/O=acme" });
      const database = await tenant.openDB<{ title: string }>("things");
      await database.createDocument({ title: "before" });
    })();
    await cp(here, there, { recursive: true });
    await using left = await createClient({ store: here, password: "pass" });
    await using right = await createClient({ store: there, password: "pass" });
    const open = async (client: typeof left) => (await client.openTenant("acme")).openDB<{ title: string }>("things");
    const [ours, theirs] = [await open(left), await open(right)];
    await ours.createDocument({ title: "here" });
    await theirs.createDocument({ title: "there" });
    await ours.pullChangesFrom(theirs.getStore());
    await theirs.pullChangesFrom(ours.getStore());
    expect(await ours.getAllDocumentIds()).toHaveLength(3);
    expect([...(await theirs.getAllDocumentIds())].sort()).toEqual([...(await ours.getAllDocumentIds())].sort());
    expect(await twice([ours.getStore(), theirs.getStore()])).toEqual([]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

/** Places that stand for two entries in these stores. */
async function twice(stores: readonly EntryStore[]): Promise<readonly string[]> {
  const idByPlace = new Map<string, string>();
  const found: string[] = [];
  for (const store of stores) {
    for (const entry of (await runsOf(store)).flatMap(({ entries }) => entries)) {
      const place = `${toHex(entry.header.writer)} ${entry.header.seq}`;
      const id = idByPlace.get(place) ?? toHex(entry.id);
      if (id !== toHex(entry.id)) found.push(place);
      idByPlace.set(place, id);
    }
  }
  return found;
}
