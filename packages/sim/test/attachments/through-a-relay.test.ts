// Files that go from one person to another through a relay that listens, over HTTP beside its WebSocket.
import { attach, attachmentUsage, type Database, detach, readAttachment, sweepAttachments } from "@selkie/client";
import { concatBytes, encodeEntryBody, fromHex, parseTenantId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { admit, found, type Member, newPlace, startRelay } from "../remote/relay-line.ts";

interface Note {
  title: string;
}
const CHUNK = 262_144;
const [NAME, MEDIA_TYPE] = ["salaries-of-the-board.xlsx", "application/vnd.ms-excel.secret"];

/** 20 chunks, in two blobs, no two alike. */
function film(): Uint8Array {
  const bytes = new Uint8Array(20 * CHUNK);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 7 + (at >> 9) * 13 + (at >> 17)) ^ (at >> 4);
  return bytes;
}

/** Alice and Bob, connected to a relay, and a note of Alice's that both have. */
async function scene() {
  await using closing = new AsyncDisposableStack();
  const relay = closing.use(await startRelay());
  const alice = closing.use(await found(await newPlace()));
  const up = await alice.tenant.connect(relay.url);
  const bob = closing.use(await admit(alice, "bob", await newPlace()));
  const notes = await alice.tenant.openDB<Note>("notes");
  const doc = await notes.createDocument({ title: "a note" });
  await up.synced();
  const line = await bob.tenant.connect(relay.url);
  await line.synced();
  const notesOfBob = await bob.tenant.openDB<Note>("notes");
  await line.synced();
  const blobs = relay.store.blobs(parseTenantId(fromHex(alice.tenant.id)));
  const stored = async (): Promise<number> => {
    let bytes = 0;
    for await (const { size } of blobs.list()) bytes += size;
    return bytes;
  };
  const closed = closing.move();
  const dispose = () => closed.disposeAsync();
  return { relay, alice, bob, up, line, notes, notesOfBob, id: doc.id, blobs, stored, [Symbol.asyncDispose]: dispose };
}

async function contentOf(notes: Database<Note>, id: Parameters<Database<Note>["getDocument"]>[0]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readAttachment(notes, id, NAME)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("C3 C5 a file is read by who has the key and by nobody else: the relay has neither name, media type nor bytes of it", async () => {
  await using at = await scene();
  const content = film();
  await attach(at.notes, at.id, { name: NAME, mediaType: MEDIA_TYPE, content });
  await at.up.synced();
  await close(at.alice);
  await at.line.synced();
  expect(Buffer.compare(await contentOf(at.notesOfBob, at.id), content)).toBe(0);
  const kept: Uint8Array[] = [];
  for await (const { hash } of at.blobs.list())
    for await (const piece of (await at.blobs.get(hash)) ?? []) kept.push(piece);
  const tenant = parseTenantId(fromHex(at.alice.tenant.id));
  for (const database of await at.relay.store.databases(tenant))
    for await (const run of at.relay.store.entries(tenant, database).scan())
      for (const entry of run.entries) kept.push(encodeEntryBody(entry));
  const all = Buffer.from(concatBytes(...kept));
  expect(all.length).toBeGreaterThan(content.length);
  for (const secret of [NAME, MEDIA_TYPE]) {
    expect(all.includes(Buffer.from(secret))).toBe(false);
    expect(all.includes(Buffer.from(secret, "utf16le"))).toBe(false);
  }
  for (const from of [0, CHUNK, 19 * CHUNK + 5])
    expect(all.includes(Buffer.from(content.subarray(from, from + 16)))).toBe(false);
  expect(all.includes(Buffer.from(toHex(content.subarray(0, 16))))).toBe(false);
});

test("a file of another user with the same content takes no extra room at the relay", async () => {
  await using at = await scene();
  const content = film();
  await attach(at.notes, at.id, { name: NAME, content });
  await at.up.synced();
  const before = await at.stored();
  expect(before).toBe(20 * (CHUNK + 16));
  const own = await at.notesOfBob.createDocument({ title: "of bob" });
  await attach(at.notesOfBob, own, { name: NAME, content });
  await at.line.synced();
  expect(await at.stored()).toBe(before);
  expect(await attachmentUsage(at.notesOfBob)).toMatchObject({
    attachments: 1 + 1,
    storedBytes: before,
    localBytes: before,
  });
});

test("what is swept by an admin is told to the relay", async () => {
  await using at = await scene();
  await attach(at.notes, at.id, { name: NAME, content: film() });
  await at.up.synced();
  await detach(at.notes, at.id, NAME);
  await at.up.synced();
  expect(await sweepAttachments([at.notes], { relays: true })).toMatchObject({
    blobs: 2,
    relays: [expect.any(String)],
  });
  expect(await attachmentUsage(at.notes)).toMatchObject({ attachments: 0, localBytes: 0 });
});

const close = (member: Member): PromiseLike<void> => member.client[Symbol.asyncDispose]();
