// Membership as the view of a directory says it. The rules themselves are held against their model in packages/sim/test/rules.
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type EntryId,
  entryType,
  parseEntryId,
  parseSalt,
  parseSignature,
  parseStatementId,
  parseTenantId,
  parseWriterKey,
  type StatementId,
  toHex,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import type { DatabaseCuts } from "../../src/directory/cuts.ts";
import { type ForkStatement, idsOf } from "../../src/directory/fork.ts";
import { provenForks } from "../../src/directory/proven-forks.ts";
import { continuedAdmission, type Statement } from "../../src/directory/statement.ts";
import { identityKeyName } from "../../src/keys/identity-key.ts";
import { directoryDatabase, pattern, testDatabase, testTenant } from "../fixture.ts";
import { deviceNamed, digestOf, grantTo, identity, keysOf, rootKey, type Voice, World } from "./world.ts";

const admissionOf = (voice: Voice): StatementId => {
  const admission = voice.certificate?.certificate.admission;
  if (admission === undefined) throw new RangeError("the root has no admission");
  return admission;
};

const notesWriter = parseWriterKey(pattern("writer of notes", 32));

/** A chain of this voice's device in a database of documents. */
function chainOf(voice: Voice, writer = notesWriter) {
  const certificate = voice.certificate;
  if (certificate === null) throw new RangeError("the root writes no documents");
  return { database: testDatabase, writer, certificate: { ...certificate, database: testDatabase, writer } };
}

function cut(seq: number, writer = notesWriter, database = testDatabase): DatabaseCuts {
  const id: EntryId = parseEntryId(pattern(`entry ${seq} of ${toHex(writer)}`, 32));
  return { database, cuts: [{ writer, seq, id, signature: parseSignature(new Uint8Array(64)) }] };
}

function revoke(targets: readonly StatementId[], cuts: readonly DatabaseCuts[] = [], keys: readonly Uint8Array[] = []) {
  return { type: "revoke", targets, identityKeys: keys, cuts, wipe: null } as const satisfies Statement;
}

function* permutations<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  if (items.length <= 1) yield items;
  for (const [at, item] of items.entries())
    for (const rest of permutations(items.toSpliced(at, 1))) yield [item, ...rest];
}

/** Everything that decides about entries and keys. */
const verdicts = (
  world: World,
  voices: readonly Voice[],
  placed: readonly PlacedStatement[] = world.placed,
): string => {
  const view = world.view(placed);
  return JSON.stringify([digestOf(view), voices.map((voice) => view.judge(chainOf(voice)))]);
};

describe("a revocation", () => {
  test("K-3 leaves what lies within its cut, and nothing beyond, whatever is claimed about time", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    expect(world.view().judge(chainOf(bob))).toMatchObject({ type: "admitted", last: Number.POSITIVE_INFINITY });
    const { id } = world.say(alice, revoke([admissionOf(bob)], [cut(7)]));
    expect(world.view().judge(chainOf(bob))).toMatchObject({ type: "admitted", last: 7, endedBy: [toHex(id)] });
    const other = parseWriterKey(pattern("a writer nobody listed", 32));
    expect(world.view().judge(chainOf(bob, other))).toMatchObject({ type: "admitted", last: -1 });
    expect(world.names()).toEqual(["alice admin"]);
    expect(world.view().everybody()).toHaveLength(2);
  });

  test("D10 counts against a non-admin from any admin, against an admin only from above", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const carol = await world.grant(alice, "carol", "admin");
    const dave = await world.grant(world.root, "dave", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    world.say(carol, revoke([admissionOf(alice)]));
    world.say(dave, revoke([admissionOf(alice)]));
    world.say(bob, revoke([admissionOf(carol)]));
    expect(world.names()).toEqual(["alice admin", "bob editor", "carol admin", "dave admin"]);
    world.say(dave, revoke([admissionOf(bob)]));
    world.say(alice, revoke([admissionOf(carol)]));
    expect(world.names()).toEqual(["alice admin", "dave admin"]);
  });

  test("D9 voids what the revoked said beyond the cut, and whom it let in", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const carol = await world.grant(alice, "carol", "admin");
    const early = await world.grant(carol, "early", "editor");
    const late = await world.grant(carol, "late", "editor");
    const after = { ...cut(0, carol.writer, directoryDatabase) };
    world.say(alice, revoke([admissionOf(carol)], [after]));
    expect(world.names()).toEqual(["alice admin", "early editor"]);
    expect(world.view().judge(chainOf(early))).toMatchObject({ last: Number.POSITIVE_INFINITY });
    expect(world.view().judge(chainOf(late))).toMatchObject({ last: -1, endedBy: [] });
  });

  test("K-1 ends every admission of the keys it names, also those nobody knew of; only a grant that names it counts again", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const { user } = await keysOf("bob");
    const keys = [identityKeyName(nativeCrypto, user)];
    const { id } = world.say(alice, revoke([admissionOf(bob)], [], keys));
    await world.grant(alice, "bob", "admin");
    expect(world.names()).toEqual(["alice admin"]);
    await world.grant(alice, "bob", "reader", { after: [id] });
    expect(world.names()).toEqual(["alice admin", "bob reader"]);
  });

  test("of a single device leaves the user's others", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const { id } = world.say(bob, await deviceNamed("bob's phone"));
    const phone = await world.voice("bob's phone", id, "bob's phone");
    const added = await deviceNamed("eve's");
    const { id: third } = world.say(phone, added);
    expect(world.view().devices(admissionOf(bob))).toHaveLength(3);
    world.say(bob, revoke([id], [cut(0, phone.writer, directoryDatabase)]));
    expect(world.names()).toEqual(["alice admin", "bob editor"]);
    const left = world.view().devices(admissionOf(bob));
    expect(left.map((device) => toHex(device.id)).sort()).toEqual([toHex(admissionOf(bob)), toHex(third)].sort());
  });

  test("of a user by a device that was added later ends that device and what it added, nobody else", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const { id } = world.say(bob, await deviceNamed("bob's phone"));
    const phone = await world.voice("bob's phone", id, "bob's phone");
    world.say(phone, await deviceNamed("eve's"));
    world.say(phone, revoke([admissionOf(bob)]));
    expect(world.names()).toEqual(["alice admin", "bob editor"]);
    expect(
      world
        .view()
        .devices(admissionOf(bob))
        .map((device) => toHex(device.id)),
    ).toEqual([toHex(admissionOf(bob))]);
  });

  test("D9 gives one verdict in all 720 orders of two admins, one revoked, one re-added, entries before and after", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "admin");
    const { id } = world.say(alice, revoke([admissionOf(bob)], [cut(3)]));
    const again = await world.grant(alice, "bob", "editor", { after: [id] });
    const hidden = await world.grant(bob, "mallory", "admin");
    expect(world.placed).toHaveLength(6);
    const voices = [alice, bob, again, hidden];
    const expected = verdicts(world, voices);
    for (const order of permutations(world.placed)) expect(verdicts(world, voices, order)).toBe(expected);
    expect(world.names()).toEqual(["alice admin", "bob editor"]);
  });
});

describe("a change", () => {
  test("D11 leaves the user with less, under a new admission, and ends the old one at its cuts", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "admin");
    const { id: phone } = world.say(bob, await deviceNamed("bob's phone"));
    const targets = [admissionOf(bob)];
    const statement = { ...revoke(targets, [cut(2)]), type: "change", name: "bob", role: "reader" } as const;
    const { id } = world.say(alice, { ...statement, keys: [], devices: [admissionOf(bob), phone] });
    expect(world.names()).toEqual(["alice admin", "bob reader"]);
    const view = world.view();
    const ids = view.devices(id).map((device) => toHex(device.id));
    expect(ids.sort()).toEqual([toHex(id), toHex(continuedAdmission(nativeCrypto, id, phone))].sort());
    expect(view.judge(chainOf(bob))).toMatchObject({ last: 2 });
    const now = await world.voice("bob now", id, "bob");
    expect(view.judge(chainOf(now))).toMatchObject({ last: Number.POSITIVE_INFINITY, admission: { role: "reader" } });
  });

  test("A3 plants no device: it continues only devices of whom it ends, and only an admin makes one", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const eve = await world.grant(alice, "eve", "editor");
    const to = (targets: readonly StatementId[], devices: readonly StatementId[]): Statement => ({
      ...revoke(targets),
      ...{ type: "change", name: "bob", role: "admin", keys: [], devices },
    });
    const planted = world.say(alice, to([admissionOf(bob)], [admissionOf(bob), admissionOf(eve)]));
    const stolen = world.say(alice, to([admissionOf(bob)], [admissionOf(eve)]));
    const own = world.say(bob, to([admissionOf(bob)], [admissionOf(bob)]));
    expect([planted, stolen, own].map((placed) => world.rejection(placed))).toEqual([
      "DEVICE_UNKNOWN",
      "DEVICE_UNKNOWN",
      "NOT_ADMIN",
    ]);
    expect(world.names()).toEqual(["alice admin", "bob editor", "eve editor"]);
  });

  test("may arrive before the admissions of the devices it continues", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "admin");
    const { id: phone } = world.say(bob, await deviceNamed("bob's phone"));
    const devices = [phone, admissionOf(bob)];
    world.say(alice, {
      ...revoke([admissionOf(bob)], [cut(0, bob.writer, directoryDatabase)]),
      type: "change",
      name: "bob",
      role: "editor",
      keys: [],
      devices,
    });
    const expected = digestOf(world.view());
    for (const order of permutations(world.placed)) expect(digestOf(world.view(order))).toBe(expected);
  });
});

describe("a readmit", () => {
  test("lengthens a cut and gives no right back", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const { id } = world.say(alice, revoke([admissionOf(bob)], [cut(2)]));
    world.say(alice, { type: "readmit", lifts: [id], cuts: [cut(9)] });
    expect(world.view().judge(chainOf(bob))).toMatchObject({ last: 9 });
    expect(world.names()).toEqual(["alice admin"]);
    world.say(bob, { type: "readmit", lifts: [id], cuts: [cut(99)] });
    expect(world.view().judge(chainOf(bob))).toMatchObject({ last: 9 });
  });
});

describe("a replaced root", () => {
  test("speaks from its own chain, and the old key no longer", async () => {
    const world = new World();
    const { sign } = await keysOf("new root");
    const { id } = world.say(world.root, { type: "replaceRoot", key: sign, cuts: [] });
    const late = world.say(world.root, await grantTo("late", "admin"));
    const next = await world.voice("new root", id, "new root");
    await world.grant(next, "alice", "admin");
    expect(world.names()).toEqual(["alice admin"]);
    expect(world.rejection(late)).toBe("BEYOND_CUT");
  });

  test("D10 leaves the tenant its keys, also where who stole it cuts the founding chain away", async () => {
    const world = new World();
    const stolen = await world.voice("thief", parseStatementId(testTenant));
    const { certificate } = stolen;
    if (certificate === null) throw new RangeError("a voice is certified");
    const byRoot = { ...certificate, certificate: { ...certificate.certificate, device: rootKey } };
    const keys = world.view().keys();
    const { sign } = await keysOf("thief");
    world.say({ ...stolen, certificate: byRoot }, { type: "replaceRoot", key: sign, cuts: [] });
    expect(world.rejection(world.founding)).toBe("BEYOND_CUT");
    expect(world.view().keys()).toEqual(keys);
  });
});

describe("a fork of a chain in the directory", () => {
  /** What a voice is proven to have signed twice. */
  function forkOf(voice: Voice, seq: number): ForkStatement {
    const link = (name: string) => ({
      type: entryType.statement,
      control: true,
      salt: parseSalt(pattern(name, 24)),
      root: pattern(name, 32),
    });
    const branch = (name: string) => ({ links: [link(name)], signature: parseSignature(new Uint8Array(64)) });
    const prev = seq === 0 ? ZERO_ENTRY_ID : parseEntryId(pattern("before", 32));
    const branches = [branch("left"), branch("right")] as const;
    return { type: "fork", database: directoryDatabase, writer: voice.writer, seq, prev, branches };
  }

  test("D1 ends it before the fork: whom it let in there is out, whom it let in before stays", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    await world.grant(alice, "bob", "editor");
    const carol = await world.grant(alice, "carol", "editor");
    world.say(carol, forkOf(alice, 1));
    expect(world.names()).toEqual(["alice admin", "bob editor"]);
    world.say(world.root, forkOf(alice, 0));
    expect(world.names()).toEqual(["alice admin"]);
  });

  test("D9 K-4 leaves what a cut of somebody else names", async () => {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const bob = await world.grant(alice, "bob", "editor");
    const named = [0, 1].map((at) => world.say(bob, { type: "database", name: `database ${at}` }));
    const cutAt = { writer: bob.writer, seq: 1, id: named[1]?.entry ?? ZERO_ENTRY_ID };
    const cuts = [{ database: directoryDatabase, cuts: [{ ...cutAt, signature: parseSignature(new Uint8Array(64)) }] }];
    world.say(alice, revoke([admissionOf(bob)], cuts));
    world.say(alice, forkOf(bob, 0));
    expect(world.view().databases).toEqual(["database 0", "database 1"]);
  });

  test("D1 has no say about the founding entry, which the tenant id names", async () => {
    const world = new World();
    await world.grant(world.root, "alice", "admin");
    const rival = forkOf(world.root, 0);
    const [id] = idsOf(nativeCrypto, rival, rival.branches[0]);
    const founding = { ...identity, tenant: parseTenantId(id ?? new Uint8Array()) };
    expect(provenForks(nativeCrypto, founding, [{ ...world.founding, statement: rival }]).size).toBe(0);
    expect(provenForks(nativeCrypto, identity, [{ ...world.founding, statement: rival }]).size).toBe(1);
  });
});
