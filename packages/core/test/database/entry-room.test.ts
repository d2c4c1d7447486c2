// Who was revoked and goes on writing, or was never let in: how much of it is kept.
import { entrySize, limits, parseStatementId, toHex, type VerifiedRun } from "@selkie/entry";
import { memoryStore } from "@selkie/store";
import { expect, test } from "vitest";
import { EntryRoom, MOST_BEYOND, MOST_CHAINS, MOST_OF_STRANGERS } from "../../src/replica/entry-room.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { pattern, testDatabase, testTenant } from "../fixture.ts";
import { Author, type Device, Lab, placeOf } from "./lab.ts";

const place = placeOf("the plan");

/** An entry of almost a megabyte; whatever it says. */
const large = (author: Author): Promise<VerifiedRun> => author.write([author.part(place, new Uint8Array(950_000))]);

const give = async ({ assembled }: Device, run: VerifiedRun): Promise<string> => {
  const [result] = await assembled.replica.append([run]);
  return result?.type === "refused" ? result.code : (result?.type ?? "");
};

test("D9 of what a revoked device writes beyond its end 16 MiB are kept, in however many chains, and all of what counts", async () => {
  const lab = await Lab.begin("room");
  const [mallory, bob, device] = [await lab.author("mallory"), await lab.author("bob"), await lab.device("alice")];
  const setup = [...lab.world.placed];
  const { root } = lab.world;
  const revoke = { targets: [mallory.admission], identityKeys: [], cuts: [], wipe: null } as const;
  const revoked = lab.world.say(root, { type: "revoke", ...revoke });
  await device.hear(...setup, revoked);
  const runs: VerifiedRun[] = [];
  const said: string[] = [];
  for (let at = 0; at < 19; at++) {
    const run = await large(mallory);
    runs.push(run);
    said.push(await give(device, run));
  }
  expect(said).toEqual([...Array.from({ length: 17 }, () => "appended"), "BEYOND_CUT", "BEYOND_CUT"]);
  // Whose another chain is its first entry says, before it is stored.
  const other = await mallory.again("other");
  expect(await give(device, await large(other))).toBe("BEYOND_CUT");
  expect(await give(device, await (await mallory.again("small")).write([]))).toBe("appended");
  expect(await give(device, await bob.write([bob.part(place, handMade({ actor: bob.actor(place) }).bytes)]))).toBe(
    "appended",
  );
  await device.close();
  await device.open();
  expect(await give(device, runs[17] ?? expect.fail("a run"))).toBe("BEYOND_CUT");
  // What is readmitted takes no room, and what follows has room again.
  const tip = runs[16]?.entries.at(-1);
  if (tip?.signature == null) return expect.fail("a signed entry");
  const cut = { writer: mallory.writer, seq: tip.header.seq, id: tip.id, signature: tip.signature };
  const cuts = [{ database: testDatabase, cuts: [cut] }];
  await device.hear(lab.world.say(root, { type: "readmit", lifts: [revoked.id], cuts }));
  for (const run of runs.slice(17)) expect(await give(device, run)).toBe("appended");
});

test("D9 who meets somebody that holds more of it syncs to the end, each time, and leaves the rest", async () => {
  const lab = await Lab.begin("meeting");
  const [mallory, bob] = [await lab.author("mallory"), await lab.author("bob")];
  const [unheard, device] = [await lab.device("carol"), await lab.device("alice")];
  const setup = [...lab.world.placed];
  const revoke = { targets: [mallory.admission], identityKeys: [], cuts: [], wipe: null } as const;
  const revoked = lab.world.say(lab.world.root, { type: "revoke", ...revoke });
  await unheard.hear(...setup);
  await device.hear(...setup, revoked);
  for (let at = 0; at < 19; at++) expect(await give(unheard, await large(mallory))).toBe("appended");
  await unheard.receive(await bob.write([bob.part(place, handMade({ actor: bob.actor(place) }).bytes)]));
  const source = unheard.database.getStore();
  expect(await device.database.pullChangesFrom(source)).toEqual({ entries: 18 });
  const vector = await device.assembled.replica.vector();
  expect([...vector.values()].map(({ seq }) => seq).toSorted()).toEqual([0, 16]);
  await device.database.pullChangesFrom(source);
  await device.database.pushChangesTo(source);
  expect(await device.assembled.replica.vector()).toEqual(vector);
});

test("D9 D12 of the chains that a revoked device begins 256 are kept, however small they are", async () => {
  const lab = await Lab.begin("chains");
  const [mallory, device] = [await lab.author("mallory"), await lab.device("alice")];
  const revoke = { targets: [mallory.admission], identityKeys: [], cuts: [], wipe: null } as const;
  await device.hear(...lab.world.placed, lab.world.say(lab.world.root, { type: "revoke", ...revoke }));
  const said: string[] = [];
  for (let at = 0; at < 258; at++) said.push(await give(device, await (await mallory.again(`${at}`)).write([])));
  expect(said).toEqual([...Array.from({ length: 256 }, () => "appended"), "BEYOND_CUT", "BEYOND_CUT"]);
});

/** A chain of a device that nobody let in. */
async function stranger(lab: Lab, name: string): Promise<Author> {
  const key = await lab.crypto.importSigningKey(pattern(`writer ${name}`, 32));
  return new Author(lab, { key, device: await lab.deviceKey(name), admission: parseStatementId(pattern(name, 32)) });
}

async function sizeOf(device: Device): Promise<number> {
  const { replica } = device.assembled;
  let bytes = 0;
  for await (const run of replica.scan()) for (const entry of run.entries) bytes += entrySize(entry);
  return bytes;
}

test("D12 of chains whose authors nobody let in 1,024 are kept, and who is let in later is asked for again and complete", async () => {
  const lab = await Lab.begin("strangers");
  const device = await lab.device("alice");
  const bob = await lab.author("bob");
  const setup = [...lab.world.placed];
  await device.hear(...setup);
  const carol = await lab.author("carol"); // her grant is still on its way
  const runs: VerifiedRun[] = [];
  for (let at = 0; at < 1_030; at++) runs.push(await (await stranger(lab, `stranger ${at}`)).write([]));
  const results = await device.assembled.replica.append(runs);
  expect(results.filter(({ type }) => type === "appended")).toHaveLength(1_024);
  expect(results.slice(1_024)).toEqual(Array.from({ length: 6 }, () => ({ type: "refused", code: "WRITER_REFUSED" })));
  const size = await sizeOf(device);
  for (const run of runs.slice(900)) await give(device, run);
  expect(await sizeOf(device)).toBe(size);
  // The others go on, and what is held already is known and no news.
  expect(await give(device, runs[0] ?? expect.fail("a run"))).toBe("known");
  const first = handMade({ actor: carol.actor(place) }).bytes;
  const hers = await carol.write([carol.part(place, first)]);
  expect(await give(device, hers)).toBe("WRITER_REFUSED");
  expect(await give(device, await bob.write([]))).toBe("appended");
  const compared = device.compared;
  await device.hear(...lab.world.placed.filter((placed) => !setup.includes(placed)));
  expect(device.compared).toBe(compared + 1);
  expect(await give(device, hers)).toBe("appended");
  expect(device.changed).toHaveLength(1);
  await device.hear();
  expect(device.compared).toBe(compared + 1);
});

test("D12 of chains whose authors nobody let in 16 MiB are kept, also over restarts; who is let in takes none of it", async () => {
  const lab = await Lab.begin("large strangers");
  const device = await lab.device("alice");
  const setup = [...lab.world.placed];
  await device.hear(...setup);
  const carol = await lab.author("carol");
  const mallory = await stranger(lab, "mallory");
  for (let at = 0; at < 8; at++) {
    expect(await give(device, await large(mallory))).toBe("appended");
    expect(await give(device, await large(carol))).toBe("appended");
  }
  await device.close();
  await device.open();
  expect(await give(device, await large(mallory))).toBe("appended");
  expect(await give(device, await large(mallory))).toBe("WRITER_REFUSED");
  expect(await give(device, await large(await stranger(lab, "another")))).toBe("WRITER_REFUSED");
  await device.hear(...lab.world.placed.filter((placed) => !setup.includes(placed)));
  for (let at = 0; at < 8; at++) expect(await give(device, await large(carol))).toBe("appended");
});

test("D12 nobody begins more chains than a vector names, and those there are go on", async () => {
  expect(MOST_CHAINS).toBeLessThan(limits.vectorWriters);
  const lab = await Lab.begin("a full database");
  const bob = await lab.author("bob");
  const { crypto } = lab;
  const author = lab.world.view().admission(bob.admission) ?? expect.fail("an admission");
  const entries = memoryStore({ verifier: crypto, random: crypto.randomBytes }).entries(testTenant, testDatabase);
  const held = new Set<string>();
  const room = new EntryRoom({
    entries,
    authorsOf: async (firsts) => new Map(firsts.map(({ header }) => [toHex(header.writer), author])),
    authorOf: (writer) => (held.has(toHex(writer)) ? author : null),
    cut: () => Number.POSITIVE_INFINITY,
    most: () => ({ beyond: MOST_BEYOND, ofStrangers: MOST_OF_STRANGERS, chains: 2 }),
  });
  const chains = [bob, await bob.again("second"), await bob.again("third")];
  const [first, second, third] = await Promise.all(chains.map((chain) => chain.write([])));
  if (first === undefined || second === undefined || third === undefined) return expect.fail("runs");
  expect(await room.refusals([first, second, third])).toEqual([null, null, "TOO_MANY_CHAINS"]);
  await entries.append([first, second]);
  for (const { writer } of [first, second]) held.add(toHex(writer));
  const next = await bob.write([bob.part(place, new Uint8Array(1))]);
  expect(await room.refusals([third, next, second])).toEqual(["TOO_MANY_CHAINS", null, null]);
});
