// What devices say that they have seen, and what others learn from it.
import { toHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { handMade } from "../automerge/hand-made-change.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";

async function write(author: Author, title: string): Promise<VerifiedRun> {
  const place = placeOf(title);
  const actor = author.actor(place);
  const { bytes } = handMade({ actor, ops: [{ key: { text: "title" }, value: title }] });
  return author.write([author.part(place, bytes, { kind: "create" })]);
}

async function passTime(device: Device): Promise<void> {
  for (const run of device.timers.splice(0)) run();
  await device.assembled.replica.applied();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

test("B5 K-10 a tail that is withheld from one device shows at the first entry of another that has it", async () => {
  const lab = await Lab.begin("withheld");
  const author = await lab.author("alice");
  const [xavier, zoe] = [await lab.device("xavier"), await lab.device("zoe")];
  const runs = [await write(author, "one"), await write(author, "two"), await write(author, "three")];
  await xavier.receive(...runs);
  await xavier.database.createDocument({ title: "seen" });
  await zoe.receive(
    ...runs.slice(0, 1),
    ...(await xavier.runs()).filter(({ writer }) => toHex(writer) !== toHex(author.writer)),
  );
  expect(zoe.alarms).toEqual([]);
  await passTime(zoe); // not connected: nobody withholds anything
  expect(zoe.alarms).toEqual([]);
  zoe.isOnline = true;
  await passTime(zoe);
  expect(zoe.alarms).toEqual(["GAP 1"]);
});

test("B5 what arrives a little later is no alarm", async () => {
  const lab = await Lab.begin("later");
  const author = await lab.author("alice");
  const [xavier, zoe] = [await lab.device("xavier"), await lab.device("zoe")];
  const run = await write(author, "one");
  await xavier.receive(run);
  await xavier.database.createDocument({ title: "seen" });
  zoe.isOnline = true;
  await zoe.receive(...(await xavier.runs()).filter(({ writer }) => toHex(writer) !== toHex(author.writer)));
  await zoe.receive(run);
  await passTime(zoe);
  expect(zoe.alarms).toEqual([]);
});

test("B7 of two readers who are shown different entries the one that hears of the other's raises FORK", async () => {
  const lab = await Lab.begin("two histories");
  const author = await lab.author("mallory");
  const [xavier, yvonne] = [await lab.device("xavier"), await lab.device("yvonne")];
  const other = author.fork();
  await xavier.receive(await write(author, "left"));
  await yvonne.receive(await write(other, "right"));
  await xavier.database.createDocument({ title: "seen" });
  await yvonne.receive(...(await xavier.runs()).filter(({ writer }) => toHex(writer) !== toHex(author.writer)));
  expect(yvonne.alarms).toEqual(["FORK 0"]);
});

test("a vector stands in the first entry of a chain, and then only when there is much to say", async () => {
  const lab = await Lab.begin("cheap");
  const author = await lab.author("alice");
  const xavier = await lab.device("xavier");
  await xavier.receive(await write(author, "one"));
  await xavier.database.createDocument({ title: "first" });
  const own = async () =>
    (await xavier.runs())
      .filter(({ writer }) => toHex(writer) !== toHex(author.writer))
      .flatMap(({ entries }) => entries.map(({ header }) => header.control));
  await own();
  await xavier.receive(await write(author, "two"));
  await xavier.database.createDocument({ title: "second" });
  expect(await own()).toEqual([true, false]);
  for (let at = 0; at < 64; at++) await xavier.receive(await write(author, `many ${at}`));
  await xavier.database.createDocument({ title: "third" });
  expect(await own()).toEqual([true, false, true]);
});
