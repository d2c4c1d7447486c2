import { expect, test } from "vitest";
import { Scene } from "../support/scene.ts";

const PAPER = "a password for the paper in the safe";

test("D10 a stolen founder that tells everybody first, and gave the relay the highest list there is, does not keep the tenant: the root takes it back", async () => {
  const scene = await Scene.begin("D10 root");
  const { alice, carol, world } = scene;
  const exported = await alice.tenant.exportRootKey(PAPER);
  const { id } = await scene.run(alice.database.createDocument({ title: "before" }));
  await world.settle();

  // The thief throws the others out; relay and members believe it, for it is an admin.
  await scene.run(alice.tenant.directory.revokeUser("CN=bob/O=acme"));
  await world.clock.advance(30_000);
  expect((await carol.tenant.directory.users()).filter(({ revoked }) => revoked).map(({ name }) => name)).toEqual([
    "CN=bob/O=acme",
  ]);

  await using root = await carol.tenant.asRoot(exported, PAPER);
  await scene.run(root.revokeUser("CN=alice/O=acme"));
  await world.clock.advance(30_000);
  const state = await carol.tenant.directory.users();
  expect(state.find(({ name }) => name === "CN=alice/O=acme")?.revoked).toBe(true);

  // What the thief writes from now on reaches nobody: the relay takes nothing from it, whatever lists it still signs.
  const vector = [...(await scene.relayEntries().vector()).keys()].sort();
  await scene.run(alice.disconnect());
  await scene.run(
    alice.database
      .changeDoc(await alice.database.getDocument(id), (draft) => {
        draft.getData()["title"] = "stolen";
      })
      .catch(() => undefined), // it knows already, or not
  );
  const connecting = alice.connectRelay(world.relay);
  connecting.catch(() => undefined);
  await world.clock.advance(30_000);
  expect([...(await scene.relayEntries().vector()).keys()].sort()).toEqual(vector);
  expect((await carol.database.getDocument(id)).getData()).toEqual({ title: "before" });
  await scene.run(
    carol.database.changeDoc(await carol.database.getDocument(id), (draft) => {
      draft.getData()["title"] = "after";
    }),
  );
  expect((await carol.database.getDocument(id)).getData()).toEqual({ title: "after" });
});
