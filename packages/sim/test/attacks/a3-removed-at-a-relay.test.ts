// What a relay does with a user that its tenant removed, with whole clients: the access list travels before anything else, and the
// removed device learns from the directory, not from the relay.
import { expect, test } from "vitest";
import { setRelayBack } from "../support/disks.ts";
import { Scene } from "../support/scene.ts";

/** Lanes and types of frames. */
const LIST_TO_RELAY = "alice>relay 15";
const ANSWER = "relay>alice 3";
const ENTRIES_TO_RELAY = "alice>relay 8";
const BOB = "CN=bob/O=acme";

test("A3 a removed user is shut out before anything else is sent, and reads in the directory that it was removed", async () => {
  const scene = await Scene.begin("A3 removed");
  const { alice, bob, carol, world } = scene;
  const seen: string[] = [];
  world.network.tap = (lane, frame) => void seen.push(`${lane} ${frame[0]}`);
  const codes: string[] = [];
  const ended = Promise.withResolvers<void>();
  bob.tenant.on("sync", ({ status, error }) => {
    codes.push(`${status} ${codeOf(error)}`);
    if (status === "refused") ended.resolve();
  });

  expect(await scene.run(alice.tenant.directory.revokeUser(BOB))).toEqual({ synced: true });
  await scene.run(alice.database.createDocument({ title: "without Bob" }));
  await scene.run(ended.promise);
  await scene.run(bob.disconnect());
  await world.settle();
  const order = seen.filter((each) => [LIST_TO_RELAY, ANSWER, ENTRIES_TO_RELAY].includes(each));
  expect(order.slice(0, 3)).toEqual([LIST_TO_RELAY, ANSWER, ENTRIES_TO_RELAY]);

  expect(codes).toEqual(["offline PEER_FAILED DIRECTORY_ONLY", "refused DEVICE_REVOKED"]);
  await scene.run(carol.database.createDocument({ title: "without Bob" }));
  await world.settle();
  const shown = (await scene.show(carol)).filter((text) => text.includes("without Bob"));
  expect(shown).toHaveLength(2);
  expect((await scene.show(bob)).filter((text) => text.includes("without Bob"))).toEqual([]);

  // Whoever tries again is told the same, and by its own directory.
  await expect(scene.run(bob.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
});

test("A3 a relay that lost the newest access list gets it from any member, and shuts the removed user out again", async () => {
  const scene = await Scene.begin("A3 older list");
  const { alice, bob, carol, world } = scene;
  const backup = world.relay.disk.copy();
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await world.settle();
  await scene.run(alice.disconnect());
  await scene.run(carol.disconnect());
  setRelayBack(scene, backup);
  await scene.run(carol.connectRelay(world.relay));
  await world.settle();
  await expect(scene.run(bob.connectRelay(world.relay))).rejects.toMatchObject({ code: "DEVICE_REVOKED" });
});

test("A3 D9 a removed device is refused by its peers, with a code of its own", async () => {
  const scene = await Scene.begin("A3 peers");
  const { alice, bob, carol, world } = scene;
  await scene.run(bob.disconnect());
  await scene.run(alice.tenant.directory.revokeUser(BOB));
  await world.settle();
  const told = Promise.withResolvers<string>();
  bob.tenant.on("sync", ({ status, error }) => status === "refused" && told.resolve(codeOf(error)));
  await expect(scene.run(bob.meet(carol))).rejects.toMatchObject({ code: "CONNECTION_REFUSED" });
  expect(await scene.run(told.promise)).toBe("REFUSED_BY_PEER DEVICE_REVOKED");
});

function codeOf(error: unknown): string {
  const { code, reason } = (error ?? {}) as { code?: string; reason?: string | null };
  return [code, reason].filter((part) => typeof part === "string").join(" ");
}
