// A device knows itself by what its person's grant leads to, whoever else names its keys.
import { nativeCrypto as crypto } from "@selkie/crypto/native";
import { type parseStatementId, toHex } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { encodeSlotChain, signSlotChain } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { AccessDocuments } from "../../src/connection/access-documents.ts";
import { signWith } from "../../src/connection/sign-with.ts";
import type { Member } from "../../src/directory/admission.ts";
import { nextSlotKeyFor } from "../../src/directory/identity.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { LocalState } from "../../src/local/local-state.ts";
import { everyAdmissionOf, joinedWith, liveAdmissionOf } from "../../src/tenant/own-admissions.ts";
import { PersonKeys } from "../../src/tenant/person-keys.ts";
import { personPlaces } from "../../src/tenant/person-places.ts";
import { Standing } from "../../src/tenant/standing.ts";
import { deviceNamed, grantTo, keysOf, type Voice, World } from "../directory/world.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";

/** Mallory, an editor, says that Bob's device is one more of her own: often, so that one of her statements has a lower id than any of Bob's. */
async function planted() {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const mallory = await world.grant(alice, "mallory", "editor");
  const bob = world.say(alice, await grantTo("bob", "editor"));
  for (let times = 0; times < 12; times++) world.say(mallory, await deviceNamed("bob"));
  const joined = () => joinedWith(world.view(), bob.id) ?? expect.fail("Bob was let in");
  return { world, alice, bob, joined };
}

const byId = ({ placed }: World) => new Map(placed.map((each) => [toHex(each.id), each]));

const changed = (world: World, alice: Voice, user: ReturnType<typeof parseStatementId>) =>
  world.say(alice, {
    ...{ type: "change", targets: [user], identityKeys: [], cuts: [], wipe: null },
    ...{ name: "bob", role: "reader", keys: [], devices: [user] },
  });

test("D10 goes on under what its own rights were changed to, with the role that is left", async () => {
  const { world, alice, bob, joined } = await planted();
  expect(liveAdmissionOf(world.view(), joined())?.id).toEqual(bob.id);
  const change = changed(world, alice, bob.id);
  const view = world.view();
  const [lowest] = view.devices().filter(({ device }) => toHex(device) === toHex(joined().device));
  expect(lowest?.name).toBe("mallory");
  expect(liveAdmissionOf(view, joined())).toMatchObject({ id: change.id, name: "bob", role: "reader" });
  expect(everyAdmissionOf(view, joined()).map(({ name }) => name)).toEqual(["bob", "bob"]);
});

test("P-11 learns that it is out, and wipes, though somebody else names its keys", async () => {
  const { world, alice, bob, joined } = await planted();
  const { standing, heard } = await standingIn(world, joined);
  await standing.check();
  expect(heard).toEqual([]);
  world.say(alice, { type: "revoke", targets: [bob.id], identityKeys: [], cuts: [], wipe: 0 });
  expect(liveAdmissionOf(world.view(), joined())).toBeUndefined();
  await standing.check();
  expect(heard).toEqual(["out", "wipe"]);
});

test("D10 learns that it is out when who let it in turns out to have been no admin", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(alice, "bob", "admin");
  const carol = world.say(bob, await grantTo("carol", "admin"));
  const change = { type: "change", targets: [carol.id], identityKeys: [], cuts: [], wipe: null } as const;
  const left = { name: "carol", keys: [], devices: [carol.id] };
  const kept = world.say(bob, { ...change, ...left, role: "admin" });
  const dan = world.say(await world.voice("carol", kept.id), await grantTo("dan", "editor"));
  const joined = () => joinedWith(world.view(), dan.id) ?? expect.fail("Dan was let in");
  const { standing, heard } = await standingIn(world, joined);
  await standing.check();
  expect(heard).toEqual([]);
  world.say(alice, { ...change, ...left, role: "editor" });
  await standing.check();
  expect(heard).toEqual(["out"]);
});

async function standingIn(world: World, joined: () => Member) {
  const store = memoryStore({ verifier: crypto, random: crypto.randomBytes });
  const heard: string[] = [];
  const standing = new Standing({
    platform: {
      crypto,
      now: () => 0,
      scheduler: { after: () => () => undefined },
      loadAutomerge: async () => undefined,
      report: (error) => expect.fail(String(error)),
    },
    store,
    local: new LocalState(crypto, store.state, await crypto.importSecret(pattern("local", 32)), testTenant),
    directory: directoryDatabase,
    view: () => world.view(),
    joined,
    onOut: () => heard.push("out"),
    onWipe: () => heard.push("wipe"),
  });
  return { standing, heard };
}

test("D10 a further device takes those keys of its person that the statement says it was given, and no others that its entry gives", async () => {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = world.say(alice, await grantTo("bob", "editor"));
  const bobs = await world.voice("bob", bob.id);
  const [given, kept] = await Promise.all(
    ["given", "kept"].map(async (name) => {
      const { user, slot } = await keysOf(`bob's ${name}`);
      const key = { kem: user, slot, over: [bob.id], to: [bob.id] };
      return { name: toHex(identityKeyName(crypto, user)), ...world.say(bobs, { type: "userKey", ...key }) };
    }),
  );
  if (given === undefined || kept === undefined) return expect.fail("two keys");
  const telephone = world.say(bobs, { ...(await deviceNamed("bob's telephone")), userKeys: [given.id] });
  const view = world.view();
  const joined = joinedWith(view, telephone.id) ?? expect.fail("it was added");
  const [added] = personPlaces(crypto, { view, placed: byId(world) }, joined);
  const { user, slot } = await keysOf("bob");
  const ofGrant = [user, slot].map((key) => toHex(identityKeyName(crypto, key)));
  expect(added?.by).toEqual(telephone.id);
  expect(added?.names.map(toHex).sort()).toEqual([...ofGrant, given.name].sort());
});

test("A9 takes its person's next keys, and logs in with the slot key that follows from them", async () => {
  const { world, bob, joined } = await planted();
  const seed = pattern("Bob's next user key", 32);
  using kem = await crypto.importKemKey(seed);
  const next = world.say(await world.voice("bob", bob.id), {
    ...{ type: "userKey", kem: kem.publicKey, slot: pattern("slot", 32), over: [bob.id], to: [bob.id] },
  });
  const view = world.view();
  const places = new Set(personPlaces(crypto, { view, placed: byId(world) }, joined()).map(({ by }) => toHex(by)));
  expect([...places]).toEqual([bob.id, next.id].map(toHex));

  using person = new PersonKeys(crypto);
  await person.addUserKey(pattern("user KEM of bob", 32));
  await person.addUserKey(seed.slice());
  await person.setSlot(pattern("slot of bob", 32));
  const documents = new AccessDocuments({
    crypto,
    tenant: testTenant,
    keys: { person, login: await crypto.importSigningKey(pattern("login of bob", 32)) },
    founding: () => null,
    view: () => view,
    joined,
    ticket: null,
  });
  const line = [person.requireSlot(), await nextSlotKeyFor(crypto, seed, joined().slotSalt)];
  const [first, second] = line.map((key) => ({ publicKey: key.publicKey, sign: signWith(crypto, key) }));
  if (first === undefined || second === undefined) return expect.fail("two keys");
  const chain = encodeSlotChain(await signSlotChain(testTenant, [first, second]));
  expect((await documents.fresh()).map(toHex)).toContain(toHex(chain));
});
