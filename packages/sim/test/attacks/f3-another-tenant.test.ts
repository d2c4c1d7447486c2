import { parseLoginKey, type TenantId } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { runSession, type Session } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { loginKeyFor } from "../../../core/src/directory/identity.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { codeOf, Scene } from "../support/scene.ts";

/** Mallory has a tenant of her own on the same relay. */
async function mallory(scene: Scene): Promise<SimDevice> {
  const device = scene.world.device("mallory");
  await device.setUp();
  await scene.run(device.found());
  await scene.run(device.connectRelay(scene.world.relay));
  await scene.run(device.database.createDocument({ title: "hers" }));
  await scene.world.settle();
  return device;
}

/** A session of hers with a claim of her choice. */
async function session(scene: Scene, device: SimDevice, tenant: TenantId): Promise<Session> {
  const host = device.life?.host;
  const [identity] = host?.bag.keyBag.identities() ?? [];
  const [record] = host?.bag.keyBag.tenants() ?? [];
  if (host === undefined || identity === undefined || record === undefined) throw new RangeError("not running");
  const { crypto, scheduler } = host.platform;
  const { network, relay } = scene.world;
  const key = await loginKeyFor(crypto, identity, record.tenant);
  return runSession(await scene.run(network.connect("mallory", "relay", relay.accept)), {
    role: "dialler",
    origin: relay.origin,
    verifier: crypto,
    scheduler,
    random: (length) => crypto.randomBytes(length),
    generation: new Uint8Array(8),
    gatekeeper: null,
    open: async () => undefined,
    credentials: {
      claim: async () => ({ type: "login", tenant, key: parseLoginKey(key.publicKey), documents: [] }),
      sign: async (label, payload) => {
        const [signature] = await crypto.signMany(key, label, [payload]);
        if (signature === undefined) throw new RangeError("no signature");
        return signature;
      },
    },
  });
}

test("F3 a login of one tenant does not open another: refused alike whether that tenant exists or not", async () => {
  const scene = await Scene.begin("F3 login");
  const device = await mallory(scene);
  const answers: (readonly number[])[] = [];
  const unknown = scene.alice.life?.host.platform.crypto.randomBytes(32) as TenantId;
  for (const tenant of [scene.tenant, unknown]) {
    const sizes: number[] = [];
    scene.world.network.tap = (lane, frame) => void (lane === "relay>mallory" && sizes.push(frame.length));
    const { clock } = scene.world;
    const began = clock.now;
    const refused = await session(scene, device, tenant);
    expect(await codeOf(scene.run(refused.ready))).toBe("REFUSED_BY_PEER");
    answers.push([...sizes, Math.round((clock.now - began) / 50)]);
  }
  expect(answers[0]).toEqual(answers[1]);
});

test("F3 a login of one tenant that asks for a database of another reads and writes nothing of it", async () => {
  const scene = await Scene.begin("F3 database");
  await scene.run(scene.alice.database.createDocument({ title: "ours" }));
  await scene.world.settle();
  const device = await mallory(scene);
  const [record] = device.life?.host.bag.keyBag.tenants() ?? [];
  const crypto = device.life?.host.platform.crypto;
  if (record === undefined || crypto === undefined) throw new RangeError("not running");
  const before = await scene.relayEntries().vector();
  const store = memoryStore({ verifier: crypto, random: (length) => crypto.randomBytes(length) });
  const theirs = store.entries(record.tenant, scene.database);
  const hers = await session(scene, device, record.tenant);
  await scene.run(hers.ready);
  await scene.run(hers.openDatabases([{ replica: theirs }]));
  await scene.run(hers.synced([scene.database]));
  expect((await theirs.vector()).size).toBe(0);
  expect(await scene.relayEntries().vector()).toEqual(before);
});
