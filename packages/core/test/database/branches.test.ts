// A writer who is revoked shows others another branch of what it wrote before: whole replicas, with stores, sessions and documents.
import { parseSignature, type StatementId, toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import type { PlacedStatement } from "../../src/directory/admission.ts";
import { proveFork } from "../../src/directory/fork.ts";
import type { Statement } from "../../src/directory/statement.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { grantTo } from "../directory/world.ts";
import { pattern, testDatabase } from "../fixture.ts";
import { permutations } from "../permutations.ts";
import { Author, type Device, Lab, placeOf } from "./lab.ts";

const TITLES = ["0", "1", "2", "3", "1'", "2'", "3'", "4'", "0'", "again"];
const ids = TITLES.map((title) => docIdOf(placeOf(title)));

/** A run with an entry of each title, each making a document. */
async function write(author: Author, ...titles: readonly string[]): Promise<VerifiedRun> {
  return author.write(
    ...titles.map((title) => {
      const place = placeOf(title);
      const actor = author.actor(place);
      const { bytes } = handMade({ actor, ops: [{ key: { text: "title" }, value: title }] });
      return [author.part(place, bytes, { kind: "create" })];
    }),
  );
}

const titles = async (device: Device): Promise<readonly string[]> =>
  (await device.show(ids)).flatMap((line) => /"title":"(.*)"/.exec(line)?.[1] ?? []);

/** What a device stores, shows and quarantines, as text. */
async function stateOf(device: Device): Promise<string> {
  const stored = (await device.runs()).flatMap(({ writer, entries }) =>
    entries.map(({ id }) => `${toHex(writer)} ${toHex(id)}`),
  );
  return JSON.stringify([stored, await device.show(ids)]);
}

/** Somebody who holds this and nothing else, to be asked in a session. */
async function holderOf(lab: Lab, name: string, ...runs: readonly VerifiedRun[]): Promise<Device> {
  const holder = await lab.device(name);
  await holder.receive(...runs);
  return holder;
}

interface Cast {
  readonly lab: Lab;
  /** The branch that was revoked at 2, with an entry beyond, and another from 1 on. */
  readonly honest: Device;
  readonly liar: Device;
  readonly revoke: PlacedStatement;
  readonly proof: PlacedStatement;
  readonly setup: readonly PlacedStatement[];
}

/**
 * @param pieces how the branches are cut into runs: the last entry of each is signed
 * @param lies entries of the other branch
 */
async function begin(
  seed: string,
  pieces: "whole" | "single",
  victims: readonly string[],
  lies: readonly string[],
): Promise<Cast & { readonly devices: readonly Device[] }> {
  const lab = await Lab.begin(seed);
  const mallory = await lab.author("mallory");
  const cut = (...all: readonly string[]) => (pieces === "whole" ? [all] : all.map((title) => [title]));
  const runs = async (author: Author, ...all: readonly string[]) => {
    const made: VerifiedRun[] = [];
    for (const some of cut(...all)) made.push(await write(author, ...some));
    return made;
  };
  const anew = mallory.fork();
  const first = await write(mallory, "0");
  const isAnew = lies[0] === "0'";
  const other = isAnew ? anew : mallory.fork();
  const ours = [...(await runs(mallory, "1", "2")), await write(mallory, "3")];
  const theirs = await runs(other, ...lies);
  const honest = await holderOf(lab, "honest", first, ...ours);
  const liar = await holderOf(lab, "liar", ...(isAnew ? [] : [first]), ...theirs);
  const devices: Device[] = [];
  for (const name of victims) devices.push(await lab.device(name));
  const setup = [...lab.world.placed];
  const tip = ours.flatMap(({ entries }) => entries).find(({ header }) => header.seq === 2);
  if (tip?.signature == null) throw new RangeError("a signed entry");
  const cuts = [
    { database: testDatabase, cuts: [{ writer: mallory.writer, seq: 2, id: tip.id, signature: tip.signature }] },
  ];
  const statement: Statement = { type: "revoke", targets: [mallory.admission], identityKeys: [], cuts, wipe: null };
  const revoke = lab.world.say(lab.world.root, statement);
  const [fork] = theirs;
  const proven = fork === undefined ? null : await proveFork(honest.assembled.replica, fork.entries);
  if (proven === null) throw new RangeError("a fork");
  const proof = lab.world.say(lab.world.root, proven);
  return { lab, honest, liar, revoke, proof, setup, devices };
}

describe("a revoked writer's other branch", () => {
  const events = ["honest", "liar", "revoke", "proof"] as const;
  const orders = [...permutations(events)];

  const longer = ["1'", "2'", "3'", "4'"];
  test.each([
    ["whole", longer],
    ["single", longer],
    ["whole", ["1'"]], // too short to tell by itself that it is another
    ["single", ["1'", "2'"]],
    ["single", ["0'", "1'", "2'", "3'"]],
    ["whole", ["0'", "1'"]],
  ] as const)(
    "D9 leaves every replica as if it had never been, in all orders of arrival, with and without its proof (%s %s)",
    async (pieces, lies) => {
      const all = [...orders, ...orders.map((order) => order.filter((event) => event !== "proof"))];
      const names = all.map((_, at) => `victim ${at}`);
      const { devices, ...cast } = await begin(`orders ${pieces} ${lies}`, pieces, [...names, "witness"], lies);
      const witness = devices.at(-1);
      if (witness === undefined) throw new RangeError("a witness");
      witness.known = cast.setup;
      await witness.hear(cast.revoke);
      await witness.database.pullChangesFrom(cast.honest.database.getStore());
      expect(await titles(witness)).toEqual(["0", "1", "2"]);
      const expected = await stateOf(witness);
      for (const [at, order] of all.entries()) {
        const device = devices[at];
        if (device === undefined) throw new RangeError("a device");
        device.known = cast.setup;
        for (const event of order) {
          if (event === "honest" || event === "liar")
            await device.database.pullChangesFrom(cast[event].database.getStore());
          else await device.hear(cast[event]);
        }
        // What makes room asks others for what is missing; in the end everybody has met somebody honest.
        for (let meetings = 0; meetings < 3; meetings++)
          await device.database.pullChangesFrom(cast.honest.database.getStore());
        expect(await stateOf(device), order.join()).toBe(expected);
        expect(await stateOf(await device.reopened()), order.join()).toBe(expected);
        await device.database.pullChangesFrom(cast.liar.database.getStore());
        expect(await stateOf(device), order.join()).toBe(expected);
      }
    },
  );
});

test("D9 who repeats a cut with a signature that is none does not keep the branch that it names from counting", async () => {
  const { devices, lab, setup, revoke, ...cast } = await begin("forged", "whole", ["victim"], ["1'", "2'"]);
  const [victim] = devices;
  const { statement } = revoke;
  if (victim === undefined || statement.type !== "revoke") throw new RangeError("a victim and a revocation");
  const cuts = statement.cuts.map(({ database, cuts: some }) => ({
    database,
    cuts: some.map((cut) => ({ ...cut, signature: parseSignature(pattern("forged", 64)) })),
  }));
  const accomplice = await lab.world.grant(lab.world.root, "CN=eve/O=acme", "reader");
  // Statements are taken by their ids, which are hashes: some stand before the revocation, some behind.
  const forged = Array.from({ length: 8 }, () => lab.world.say(accomplice, { ...statement, cuts }));
  victim.known = [...setup, ...lab.world.placed.filter(({ statement: { type } }) => type === "grant"), ...forged];
  await victim.database.pullChangesFrom(cast.liar.database.getStore());
  await victim.hear(revoke);
  for (let meetings = 0; meetings < 3; meetings++)
    await victim.database.pullChangesFrom(cast.honest.database.getStore());
  expect(await titles(victim)).toEqual(["0", "1", "2"]);
});

test("D9 replicas end alike in all 720 orders of two admins, one revoked, one re-added, entries before, after, and on another branch", async () => {
  const lab = await Lab.begin("720 orders");
  const { world } = lab;
  const deviceOf = async (name: string) => ({ deviceSign: (await lab.deviceKey(name)).publicKey });
  const alice = await world.grant(world.root, "alice", "admin", await deviceOf("alice"));
  const bob = await world.grant(alice, "bob", "admin", await deviceOf("bob"));
  const authorOf = async (name: string, admission: StatementId | undefined): Promise<Author> => {
    if (admission === undefined) throw new RangeError("an admission");
    const key = await lab.crypto.importSigningKey(pattern(`writer ${name}`, 32));
    return new Author(lab, { key, device: await lab.deviceKey("bob"), admission });
  };
  const admission = bob.certificate?.certificate.admission;
  const before = await authorOf("before", admission);
  const first = await write(before, "0");
  const branch = before.fork();
  const allowed = await write(before, "1");
  const beyond = await write(before, "2");
  const other = await write(branch, "1'", "2'");
  const empty = await lab.device("replica");
  const setup = [...world.placed];

  const [tip] = allowed.entries;
  if (admission === undefined || tip?.signature == null) throw new RangeError("a signed entry of bob's");
  const cut = { writer: before.writer, seq: 1, id: tip.id, signature: tip.signature };
  const cuts = [{ database: testDatabase, cuts: [cut] }];
  const revoke = world.say(alice, { type: "revoke", targets: [admission], identityKeys: [], cuts, wipe: null });
  const anew = { ...(await deviceOf("bob")), after: [revoke.id], keys: lab.keys.map(({ keyId }) => keyId) };
  const readded = world.say(alice, await grantTo("bob", "editor", anew));
  const again = await write(await authorOf("again", readded.id), "again");

  type Event = (device: Device) => Promise<void>;
  const events: readonly Event[] = [
    (device) => device.hear(revoke),
    (device) => device.hear(readded),
    (device) => device.receive(first, allowed),
    (device) => device.receive(first, allowed, beyond),
    (device) => device.receive(first, other),
    (device) => device.receive(again),
  ];
  const states = new Map<string, number>();
  for (const order of permutations(events)) {
    const device = await empty.reopened();
    device.known = setup;
    for (const event of order) await event(device);
    await device.receive(first, allowed, beyond, again); // in the end everybody meets somebody honest
    const state = await stateOf(device);
    states.set(state, (states.get(state) ?? 0) + 1);
    if (states.size === 1 && states.get(state) === 1) expect(await titles(device)).toEqual(["0", "1", "again"]);
  }
  expect([...states.values()]).toEqual([720]);
}, 120_000);
