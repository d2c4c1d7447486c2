import { expect, test } from "vitest";
import { found } from "../support/look-for.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

test("E4 no name of a user, tenant, database, key or document is in a relay's store, log or traffic", async () => {
  const scene = await Scene.begin("E4");
  const observer = new Observer(scene);
  await scene.reconnect();
  for (const { database, name } of scene.everybody)
    await scene.run(database.createDocument({ title: `Minutes of ${name}`, mail: `${name}@example.org` }));
  const other = await scene.run(scene.alice.tenant.openDB("salaries"));
  await scene.run(other.createDocument({ title: "Raises" }));
  await scene.world.settle();
  const newcomer = scene.world.device("dorothea");
  await newcomer.setUp();
  const approved = await scene.run(
    scene.alice.tenant.directory.approveJoinRequest(await newcomer.ask(), { role: "reader" }),
  );
  await scene.run(newcomer.join(approved.toString()));
  await scene.run(newcomer.connectRelay(scene.world.relay));
  await scene.world.settle();
  expect((await newcomer.tenant.directory.users()).map(({ name }) => name)).toContain("CN=dorothea/O=acme");

  const needles = {
    users: "CN=",
    organisation: "acme",
    alice: "alice",
    newcomer: "dorothea",
    address: "example.org",
    title: "Minutes",
    otherTitle: "Raises",
    database: "things",
    otherDatabase: "salaries",
    role: "editor",
    key: "default",
  };
  expect(found(observer.bytes(), needles)).toEqual([]);
  expect(observer.frames.length).toBeGreaterThan(50);
});
