// A writer signs two entries at one place: what its readers show.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseSalt, toHex, type VerifiedRun } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { type ForkStatement, isProof, proveFork } from "../../src/directory/fork.ts";
import { decodeStatement, encodeStatement } from "../../src/directory/statement-codec.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { handMade } from "../automerge/hand-made-change.ts";
import { pattern, testDatabase } from "../fixture.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";

/** A run of one entry that makes a document. */
async function write(author: Author, title: string): Promise<VerifiedRun> {
  const place = placeOf(title);
  const actor = author.actor(place);
  const { bytes } = handMade({ actor, ops: [{ key: { text: "title" }, value: title }] });
  return author.write([author.part(place, bytes, { kind: "create" })]);
}

const ids = ["before", "left", "left too", "right"].map((title) => docIdOf(placeOf(title)));
const titles = async (device: Device): Promise<string> =>
  (await device.show(ids))
    .filter((line) => line.includes("{"))
    .map((line) => line.slice(line.indexOf("{")))
    .join();

/** Two devices, each with its branch, and the proof. */
async function split(seed: string) {
  const lab = await Lab.begin(seed);
  const author = await lab.author("mallory");
  const [xavier, yvonne] = [await lab.device("xavier"), await lab.device("yvonne")];
  const before = await write(author, "before");
  const other = author.fork();
  const left = [await write(author, "left"), await write(author, "left too")];
  const right = await write(other, "right");
  await xavier.receive(before, ...left);
  await yvonne.receive(before, right);
  await xavier.receive(right);
  const [theirs = []] = xavier.forked;
  const proof = await proveFork(xavier.assembled.replica, theirs);
  if (proof === null) throw new RangeError("a fork was met");
  const settle = async () => {
    for (const device of [xavier, yvonne]) await device.assembled.reconsider();
  };
  const tip = left[1]?.entries[0];
  if (tip?.signature == null) throw new RangeError("a signed entry");
  const cuts = [
    { database: testDatabase, cuts: [{ writer: author.writer, seq: 2, id: tip.id, signature: tip.signature }] },
  ];
  const revoke = { type: "revoke", targets: [author.admission], identityKeys: [], cuts, wipe: null } as const;
  return { lab, xavier, yvonne, proof, settle, revoke, before, left, right };
}

describe("a proof of a fork", () => {
  test("D1 is one statement, whoever made it, and survives its encoding", async () => {
    const { yvonne, left, proof } = await split("proof");
    expect(await isProof(nativeCrypto, proof)).toBe(true);
    expect(decodeStatement(encodeStatement(proof))).toEqual(proof);
    await yvonne.receive(...left.slice(0, 1));
    expect(await proveFork(yvonne.assembled.replica, yvonne.forked[0] ?? [])).toEqual(proof);
  });

  test("D1 that its writer did not sign proves nothing", async () => {
    const { proof } = await split("forged");
    const [a, b] = proof.branches;
    const [link] = a.links;
    if (link === undefined) throw new RangeError("a link");
    const forged: readonly ForkStatement[] = [
      { ...proof, seq: 2 },
      { ...proof, seq: 0 },
      { ...proof, writer: proof.writer.map((byte) => byte ^ 1) as typeof proof.writer },
      { ...proof, database: proof.database.map((byte) => byte ^ 1) as typeof proof.database },
      { ...proof, branches: [a, { ...b, signature: a.signature }] },
      { ...proof, branches: [{ ...a, links: [{ ...link, salt: parseSalt(pattern("salt", 24)) }] }, b] },
    ];
    for (const statement of forged) expect(await isProof(nativeCrypto, statement)).toBe(false);
  });

  test("D1 is not made where the store does not hold the place", async () => {
    const { lab, right } = await split("elsewhere");
    const zoe = await lab.device("zoe");
    expect(await proveFork(zoe.assembled.replica, right.entries)).toBe(null);
  });
});

describe("documents of a chain that forks", () => {
  test("D1 end before the fork on every replica, whichever branch it holds, also when it is opened again", async () => {
    const { lab, xavier, yvonne, proof, settle } = await split("both end");
    expect([await titles(xavier), await titles(yvonne)]).toEqual([
      '{"title":"before"},{"title":"left"},{"title":"left too"}',
      '{"title":"before"},{"title":"right"}',
    ]);
    lab.world.say(lab.world.root, proof);
    await settle();
    const all = [xavier, yvonne, await xavier.reopened(), await yvonne.reopened()];
    for (const device of all) {
      expect(await titles(device)).toBe('{"title":"before"}');
      expect(device.quarantined().every((line) => line.endsWith("BEHIND_FORK"))).toBe(true);
    }
    expect(xavier.quarantined()).toHaveLength(2);
  });

  test("D1 end before the fork for who learns of it first and receives a branch afterwards", async () => {
    const { lab, proof, before, left } = await split("later");
    lab.world.say(lab.world.root, proof);
    const zoe = await lab.device("zoe");
    await zoe.receive(before, ...left);
    expect(await titles(zoe)).toBe('{"title":"before"}');
  });

  test("D9 K-4 who is revoked takes nothing back by a fork before its cut: the branch counts that the cut names", async () => {
    const { lab, xavier, yvonne, proof, settle, revoke, before, left } = await split("cut");
    lab.world.say(lab.world.root, revoke);
    await settle();
    lab.world.say(lab.world.root, proof);
    await settle();
    const kept = '{"title":"before"},{"title":"left"},{"title":"left too"}';
    expect(await titles(xavier)).toBe(kept);
    expect(await titles(yvonne)).toBe('{"title":"before"}');
    const zoe = await lab.device("zoe");
    await zoe.receive(before, ...left.slice(0, 1)); // not yet what the cut names
    expect(await titles(zoe)).toBe('{"title":"before"}');
    await zoe.receive(...left);
    expect(await titles(zoe)).toBe(kept);
    expect(await titles(await xavier.reopened())).toBe(kept);
  });
});

test("B11 a device whose own chain forked writes on under another key, and makes anew what it wrote behind the fork", async () => {
  const lab = await Lab.begin("own fork");
  const device = await lab.device("xavier");
  await device.database.createDocument({ title: "lost" });
  const [run] = await device.runs();
  if (run === undefined) throw new RangeError("a run was sealed");
  const author = await lab.author("mallory");
  const branches = [await write(author, "a"), await write(author.fork(), "b")];
  const links = branches.map(({ entries }) => entries.map(({ header, root }) => ({ ...header, root })));
  const signature = branches[0]?.entries[0]?.signature;
  const [a = [], b = []] = links.sort(([one], [two]) =>
    toHex(one?.salt ?? run.prev) < toHex(two?.salt ?? run.prev) ? -1 : 1,
  );
  if (signature == null) throw new RangeError("a signed entry");
  const place = { database: testDatabase, writer: run.writer, seq: 0, prev: run.prev };
  const forks = [
    { links: a, signature },
    { links: b, signature },
  ] as const;
  lab.world.say(lab.world.root, { type: "fork", ...place, branches: forks });
  await device.close();
  await device.open();
  await device.database.createDocument({ title: "goes on" });
  const writers = new Set((await device.runs()).map(({ writer }) => toHex(writer)));
  expect(writers.size).toBe(2);
  const ids = await device.database.getAllDocumentIds();
  const data = await Promise.all(ids.map(async (id) => (await device.database.getDocument(id)).getData()));
  expect(data.map((each) => JSON.stringify(each)).sort()).toEqual(['{"title":"goes on"}', '{"title":"lost"}']);
});
