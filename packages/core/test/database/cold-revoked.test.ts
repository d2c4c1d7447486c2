// A database that opens from its projections, of somebody who was revoked meanwhile.
import { fromHex, type VerifiedRun } from "@selkie/entry";
import { expect, test } from "vitest";
import { writeFirstChange } from "../../src/automerge/first-change.ts";
import { whenVerified } from "../../src/database/over-database.ts";
import { type DocId, docIdOf } from "../../src/document/doc-id.ts";
import { sha256 } from "../automerge/sha256.ts";
import { testDatabase } from "../fixture.ts";
import { type Author, type Device, Lab, placeOf } from "./lab.ts";

const MANY = 600;
const rows = Array.from({ length: MANY }, (_, n) => ({ n, text: `canary ${n}` }));

/** What a device shows before its entries are read: nothing of it waits for them. */
async function early(device: Device, id: DocId): Promise<unknown> {
  return (await device.database.findDocument(id))?.getData();
}

const firstChange = (actor: string): Uint8Array => writeFirstChange(fromHex(actor), { n: 7 }, sha256);

test("D9 where the branch that counts took the place of another, no entries are said to be lost", async () => {
  const lab = await Lab.begin("another branch");
  const mallory = await lab.author("mallory");
  const device = await lab.device("alice");
  const write = (author: Author, title: string): Promise<VerifiedRun> => {
    const place = placeOf(title);
    return author.write([author.part(place, firstChange(author.actor(place)), { kind: "create" })]);
  };
  const rival = mallory.fork();
  const counts = await write(mallory, "counts");
  const other = await write(rival, "other");
  await device.database.createDocuments(rows);
  await device.receive(other);
  const [tip] = counts.entries;
  if (tip?.signature == null) throw new RangeError("a signed entry");
  const cut = { writer: mallory.writer, seq: 0, id: tip.id, signature: tip.signature };
  lab.world.say(lab.world.root, {
    type: "revoke",
    targets: [mallory.admission],
    identityKeys: [],
    cuts: [{ database: testDatabase, cuts: [cut] }],
    wipe: null,
  });
  await device.assembled.reconsider();
  await device.close();
  await device.open();
  await whenVerified(device.database);
  await device.receive(counts);
  expect(await early(device, docIdOf(placeOf("counts")))).toEqual({ n: 7 });
  device.crash();
  device.timers.length = 0;
  await device.open();
  expect(await early(device, docIdOf(placeOf("counts")))).toEqual({ n: 7 });
  expect(await early(device, docIdOf(placeOf("other")))).toBeUndefined();
  expect(device.reports).toEqual([]);
});

test("D9 what somebody wrote who was revoked meanwhile is not shown", async () => {
  const lab = await Lab.begin("revoked meanwhile");
  const device = await lab.device("alice");
  const mallory = await lab.author("mallory");
  const ids = await device.database.createDocuments(rows);
  const place = placeOf("of mallory");
  await device.receive(
    await mallory.write([mallory.part(place, firstChange(mallory.actor(place)), { kind: "create" })]),
  );
  await device.close();
  await device.open();
  const listed = await device.database.getAllDocumentIds();
  expect(listed.length).toBe(MANY + 1);
  await device.close();
  lab.world.say(lab.world.root, {
    type: "revoke",
    targets: [mallory.admission],
    identityKeys: [],
    cuts: [],
    wipe: null,
  });
  await device.open();
  expect((await device.database.getAllDocumentIds()).toSorted()).toEqual(ids.toSorted());
});
