import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { hex } from "../support/lies.ts";
import { found } from "../support/look-for.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

/** Three people edit, delete and merge a few documents. */
async function work(seed: string) {
  const scene = await Scene.begin(seed);
  const observer = new Observer(scene);
  const ids: string[] = [];
  const heads = new Set<string>();
  for (const device of scene.everybody) {
    const doc = await scene.run(
      device.database.createDocument({ by: device.name }, { id: `the document of ${device.name}` }),
    );
    ids.push(doc.id);
    await scene.world.settle();
    for (const { database, name } of scene.everybody) {
      const edited = await scene.run(
        database.changeDoc(await database.getDocument(doc.id), (draft) => {
          draft.getData()[name] = "edited";
        }),
      );
      for (const head of edited.getHeads()) heads.add(head);
    }
    await scene.world.settle();
  }
  await scene.run(scene.alice.database.deleteDocument(await scene.alice.database.getDocument(ids[0] as never)));
  await scene.world.settle();
  return { scene, observer, ids, heads: [...heads] };
}

test("E3 no document id, no name an app gave one, and no dependency is in a relay's store, log or traffic", async () => {
  const { observer, ids, heads } = await work("E3");
  expect(ids).toHaveLength(3);
  expect(heads.length).toBeGreaterThan(8);
  const needles = Object.fromEntries([
    ...ids.flatMap((id) => [
      [`document ${id}`, fromHex(id).slice(0, 16)] as const,
      [`key of ${id}`, fromHex(id).slice(16)] as const,
    ]),
    ...heads.map((head) => [`change ${head}`, fromHex(head)] as const),
    ["name of a document", "the document of"],
    ["name of the database", "things"],
  ]);
  expect(found(observer.bytes(), needles)).toEqual([]);
});

test("E3 what is looked for would be found: an entry's id is", async () => {
  const { scene, observer } = await work("E3 control");
  const [head] = (await scene.relayEntries().vector()).values();
  expect(found(observer.bytes(), { head: head?.id ?? new Uint8Array(32) })).toEqual(["head"]);
});

test("E3 the same database name and the same documents in two tenants have nothing in common that a relay sees", async () => {
  const [one, other] = [await work("E3 one"), await work("E3 other")];
  expect(hex(one.scene.database)).not.toBe(hex(other.scene.database));
  const ids = async ({ scene }: typeof one) => {
    const { store } = scene.world.relay;
    const databases = await store?.databases(scene.tenant);
    const tables: string[] = [];
    for await (const run of scene.relayEntries().scan())
      tables.push(...run.entries.flatMap(({ table }) => table.map(hex)), hex(run.writer));
    return new Set([...(databases ?? []).map(hex), ...tables]);
  };
  const [seen, elsewhere] = [await ids(one), await ids(other)];
  expect(seen.size).toBeGreaterThan(4);
  expect([...seen].filter((id) => elsewhere.has(id))).toEqual([]);
});
