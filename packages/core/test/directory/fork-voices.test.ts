// Of a chain that is proven to fork, and that nobody cut, the branch counts that those name who could.
import { nativeCrypto } from "@selkie/crypto/native";
import {
  type EntryId,
  entryType,
  parseEntryId,
  parseSalt,
  parseSignature,
  parseWriterKey,
  toHex,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { Admission, PlacedStatement } from "../../src/directory/admission.ts";
import { buildDirectory } from "../../src/directory/build-directory.ts";
import { type ForkStatement, idsOf } from "../../src/directory/fork.ts";
import type { PlacedVector } from "../../src/directory/membership-facts.ts";
import { directoryDatabase, pattern, testDatabase } from "../fixture.ts";
import { permutations } from "../permutations.ts";
import { deviceNamed, grantTo, identity, type Voice, World } from "./world.ts";

const writer = parseWriterKey(pattern("eve's writer", 32));

const entryNamed = (name: string): EntryId => parseEntryId(pattern(name, 32));

/** Two branches of two entries each, proven from `seq` on; ids ascending by the first of each. */
function forkAt(seq: number, chain: Pick<ForkStatement, "database" | "writer"> = { database: testDatabase, writer }) {
  const link = (name: string) => ({
    type: entryType.change,
    control: false,
    salt: parseSalt(pattern(`${name} ${seq}`, 24)),
    root: pattern(name, 32),
  });
  const branch = (name: string) => ({
    links: [link(name), link(`${name} too`)],
    signature: parseSignature(new Uint8Array(64)),
  });
  const statement: ForkStatement = {
    ...{
      type: "fork",
      ...chain,
      seq,
      prev: seq === 0 ? ZERO_ENTRY_ID : parseEntryId(pattern("before", 32)),
    },
    branches: [branch("one"), branch("other")],
  };
  const ids = statement.branches.map((each) => idsOf(nativeCrypto, statement, each));
  const [lower = [], higher = []] = ids.sort(([a], [b]) => (toHex(a ?? writer) < toHex(b ?? writer) ? -1 : 1));
  return { statement, lower, higher };
}

async function scene() {
  const world = new World();
  const alice = await world.grant(world.root, "alice", "admin");
  const bob = await world.grant(world.root, "bob", "admin");
  const eve = await world.grant(alice, "eve", "editor");
  const { id: tablet } = world.say(bob, await deviceNamed("bob's tablet"));
  const phone = await world.voice("bob's tablet", tablet, "bob's tablet");
  const fork = forkAt(2);
  world.say(eve, fork.statement);
  const vectors: PlacedVector[] = [];
  const name = (voice: Voice, id: Uint8Array | undefined): void => {
    const head = { writer, seq: 2, id: parseEntryId(id ?? new Uint8Array(32)) };
    const entry = parseEntryId(pattern(`voice ${vectors.length}`, 32));
    vectors.push({ entry, writer: voice.writer, seq: voice.seq++, certificate: voice.certificate, heads: [head] });
  };
  const cut = (by: Voice, seq: number, id: Uint8Array | undefined): void => {
    const target = eve.certificate?.certificate.admission;
    if (target === undefined || id === undefined) throw new RangeError("an entry to cut at");
    const at = { writer, seq, id: parseEntryId(id), signature: parseSignature(new Uint8Array(64)) };
    const cuts = [{ database: testDatabase, cuts: [at] }];
    world.say(by, { type: "revoke", targets: [target], identityKeys: [], cuts, wipe: null });
  };
  const admission = (): Admission => {
    const of = eve.certificate?.certificate.admission;
    const found = of === undefined ? undefined : world.view().admission(of);
    if (found === undefined) throw new RangeError("eve was admitted");
    return found;
  };
  const end = (placed: readonly PlacedStatement[] = world.placed, said: readonly PlacedVector[] = vectors) =>
    buildDirectory(nativeCrypto, identity, placed, said).endOf({ database: testDatabase, writer }, admission());
  return { world, alice, bob, phone, eve, fork, vectors, name, cut, end };
}

describe("voices about a fork", () => {
  test("D9 as long as nobody speaks who may revoke the writer, no branch counts", async () => {
    const { end, name, eve, fork } = await scene();
    expect(end()).toMatchObject({ fork: { seq: 2, deciding: [] }, named: null });
    name(eve, fork.lower[0]);
    expect(end()).toMatchObject({ fork: { deciding: [] }, named: null });
  });

  test("D9 the rival counts that more users name, then the one with the lower id, whichever entry behind it they name", async () => {
    const { end, name, alice, bob, world, fork } = await scene();
    const [lower, higher] = [fork.lower[0], fork.higher[0]].map((id) => toHex(id ?? writer));
    name(bob, fork.higher[1]);
    expect(end()).toMatchObject({ fork: { deciding: [higher] }, named: { seq: 2, id: higher, isProven: true } });
    name(alice, fork.lower[0]);
    expect(end().fork?.deciding).toEqual([lower]);
    name(world.root, fork.higher[0]);
    expect(end().fork?.deciding).toEqual([higher]);
  });

  test("D9 a user has one voice, of its oldest device, that it raised first", async () => {
    const { end, name, bob, phone, fork } = await scene();
    const [lower, higher] = [fork.lower[0], fork.higher[0]].map((id) => toHex(id ?? writer));
    name(phone, fork.lower[0]);
    expect(end().fork?.deciding).toEqual([lower]);
    name(bob, fork.higher[0]);
    name(bob, fork.lower[0]);
    expect(end().fork?.deciding).toEqual([higher]);
  });

  test("D9 a voice that names what no proof shows, or of whose author the directory knows nothing, is none", async () => {
    const { end, name, alice, world, fork } = await scene();
    name(alice, pattern("elsewhere", 32));
    name({ ...world.root, certificate: null, writer: parseWriterKey(pattern("stranger", 32)) }, fork.lower[0]);
    expect(end()).toMatchObject({ fork: { deciding: [] } });
  });

  test("D9 voices decide nothing about the first entry, nor about a chain that is proven to fork elsewhere too", async () => {
    const { world, end, name, alice, vectors, fork } = await scene();
    name(alice, fork.lower[0]);
    expect(end().fork?.deciding).toHaveLength(1);
    world.say(world.root, forkAt(5).statement);
    expect(end()).toMatchObject({ fork: { seq: 2, deciding: [] }, named: null });
    const first = forkAt(0);
    const proof = world.placed.find(({ statement }) => statement.type === "fork");
    if (proof === undefined) throw new RangeError("a proof");
    const others = world.placed.filter(({ statement }) => statement.type !== "fork");
    const [said] = vectors;
    if (said === undefined) throw new RangeError("a voice");
    const head = { writer, seq: 0, id: parseEntryId(first.lower[0] ?? new Uint8Array(32)) };
    const all = [...others, { ...proof, statement: first.statement }];
    expect(end(all, [{ ...said, heads: [head] }])).toMatchObject({ fork: { seq: 0, deciding: [] }, named: null });
  });

  test("D9 a cut by somebody else decides over all voices", async () => {
    const { end, name, alice, bob, cut, fork } = await scene();
    name(alice, fork.lower[0]);
    name(bob, fork.lower[0]);
    const [id = ""] = fork.higher.slice(1).map(toHex);
    cut(alice, 3, fork.higher[1]);
    expect(end()).toMatchObject({ last: 3, fork: { deciding: [id] }, named: { seq: 3, id } });
  });

  test("D9 what an author says when it ends itself decides for no branch, and lets none stand but the one that it names", async () => {
    const { end, name, alice, eve, cut, fork } = await scene();
    const [lower, higher] = [fork.lower[0], fork.higher[1]].map((id) => toHex(id ?? writer));
    cut(eve, 3, fork.higher[1]);
    expect(end()).toMatchObject({ last: 3, fork: { deciding: [] }, named: null });
    name(alice, fork.lower[0]);
    expect(end()).toMatchObject({ fork: { deciding: [lower, higher] }, named: { id: lower } });
    name(alice, fork.higher[0]);
    expect(end().fork?.deciding).toContain(lower); // the first voice counts
  });

  test("D9 where cuts name several entries behind a fork, everybody goes to the last: so all that can be held is held by all", async () => {
    const { end, alice, bob, cut, fork } = await scene();
    const [first, second] = fork.higher.map(toHex);
    cut(alice, 2, fork.higher[0]);
    cut(bob, 3, fork.higher[1]);
    expect(end()).toMatchObject({ last: 2, fork: { deciding: [first, second] }, named: { seq: 3, id: second } });
  });

  test("D9 the order of statements and voices changes nothing", async () => {
    const { world, end, name, alice, bob, phone, vectors, fork } = await scene();
    name(phone, fork.higher[0]);
    name(bob, fork.lower[1]);
    name(alice, fork.higher[0]);
    name(world.root, fork.higher[1]);
    const expected = end();
    expect(expected.fork?.deciding).toEqual([toHex(fork.higher[0] ?? writer)]);
    for (const order of permutations(vectors)) expect(end(world.placed.toReversed(), order)).toEqual(expected);
    for (const order of permutations(world.placed)) expect(end(order, vectors.toReversed())).toEqual(expected);
  });
});

describe("a chain of the directory that forks", () => {
  /** Eve, an admin, lets in Dan, and on the branch that Alice's voice names Frank. */
  async function company() {
    const world = new World();
    const alice = await world.grant(world.root, "alice", "admin");
    const eve = await world.grant(alice, "eve", "admin");
    const { admission } = eve.certificate?.certificate ?? expect.fail("certified");
    const fork = forkAt(1, { database: directoryDatabase, writer: eve.writer });
    const [lower, higher] = [fork.lower, fork.higher].map((ids) => ids.map((id) => parseEntryId(id)));
    const [first, last] = [lower?.[0] ?? expect.fail("a rival"), higher?.[1] ?? expect.fail("what is behind a rival")];
    world.say(eve, await grantTo("dan", "editor"));
    world.say(eve, await grantTo("frank", "editor"), first);
    world.say(alice, fork.statement);
    const vectors: PlacedVector[] = [
      { ...alice, entry: entryNamed("voice"), heads: [{ writer: eve.writer, seq: 1, id: first }] },
    ];
    const revoke = (by: Voice, seq: number, id: EntryId) => {
      const cut = { writer: eve.writer, seq, id, signature: parseSignature(new Uint8Array(64)) };
      const cuts = [{ database: directoryDatabase, cuts: [cut] }];
      world.say(by, { type: "revoke", targets: [admission], identityKeys: [], cuts, wipe: null });
    };
    const names = () =>
      buildDirectory(nativeCrypto, identity, world.placed, vectors)
        .users()
        .map(({ name }) => name)
        .sort();
    return { alice, eve, phone: await world.voice("eve again", admission, "eve"), first, last, vectors, revoke, names };
  }

  test("D9 ends before the fork where its author ends itself and names another branch, and not where it names this one", async () => {
    const other = await company();
    expect(other.names()).toEqual(["alice", "dan", "eve", "frank"]);
    other.revoke(other.phone, 2, other.last);
    expect(other.names()).toEqual(["alice", "dan"]);
    const same = await company();
    same.revoke(same.phone, 1, same.first);
    expect(same.names()).toEqual(["alice", "dan", "frank"]);
  });

  test("D9 goes on where a cut names an entry of the branch that is held, though nothing but a voice stands in it", async () => {
    const { alice, eve, vectors, revoke, names } = await company();
    const [said] = vectors.splice(0);
    vectors.push({ ...(said ?? expect.fail("a voice")), ...eve, seq: 2, entry: entryNamed("eve's voice") });
    revoke(alice, 2, entryNamed("eve's voice"));
    expect(names()).toEqual(["alice", "dan", "frank"]);
  });

  test("D9 ends before the fork for who does not hold what a cut names behind it", async () => {
    const { alice, revoke, names } = await company();
    revoke(alice, 2, entryNamed("not here"));
    expect(names()).toEqual(["alice", "dan"]);
  });
});
