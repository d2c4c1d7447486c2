// Which room files take, and how it is freed.
import {
  attach,
  attachmentUsage,
  createClient,
  detach,
  pinAttachments,
  readAttachment,
  sweepAttachments,
} from "@selkie/client";
import { blobRoomOf } from "@selkie/core";
import { expect, onTestFinished, test } from "vitest";
import { connect, join } from "../support/company.ts";
import { newDirectory, PASSWORD } from "../support/places.ts";
import { broken, CHUNK, codeOf, contentOf, type Desk, desk, noise, text, twoDesks } from "./files-world.ts";

async function blobsOf({ person }: Desk): Promise<number> {
  let count = 0;
  for await (const _ of blobRoomOf(person.tenant).blobs.list()) count += 1;
  return count;
}

test("a sweep drops what was detached, replaced or given up half-way, and nothing that a document has", async () => {
  const at = await desk();
  await attach(at.notes, at.doc, { name: "a", content: noise(CHUNK, 1) });
  await attach(at.notes, at.doc, { name: "a", content: noise(CHUNK, 2) });
  await attach(at.notes, at.doc, { name: "b", content: noise(CHUNK, 3) });
  await codeOf(attach(at.notes, at.doc, { name: "c", content: broken(noise(20 * CHUNK, 4)) }));
  await detach(at.notes, at.doc, "b");
  expect(await blobsOf(at)).toBe(4);
  expect(await sweepAttachments([at.notes])).toEqual({
    blobs: 3,
    bytes: 18 * (CHUNK + 16),
    relays: [],
    unreachable: 0,
  });
  expect(await blobsOf(at)).toBe(1);
  expect(Buffer.compare(await contentOf(at, "a"), noise(CHUNK, 2))).toBe(0);
  expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 0 });
});

test("a chunk that two files share stays until the second is gone, and is stored again after that", async () => {
  const at = await desk();
  for (const name of ["a", "b"]) await attach(at.notes, at.doc, { name, content: noise(CHUNK) });
  await detach(at.notes, at.doc, "a");
  expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 0 });
  await detach(at.notes, at.doc, "b");
  expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 1 });
  await attach(at.notes, at.doc, { name: "c", content: noise(CHUNK) });
  expect(Buffer.compare(await contentOf(at, "c"), noise(CHUNK))).toBe(0);
});

test("the tables of a large file are kept with it", async () => {
  const at = await desk();
  const content = noise(70 * CHUNK);
  await attach(at.notes, at.doc, { name: "large", content });
  expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 0 });
  expect(Buffer.compare(await contentOf(at, "large"), content)).toBe(0);
});

test("deleting and purging a document frees what it had attached", async () => {
  const at = await desk();
  await attach(at.notes, at.doc, { name: "a", content: noise(CHUNK) });
  const other = await at.notes.createDocument({ title: "another" });
  await attach(at.notes, other, { name: "b", content: noise(CHUNK, 2) });
  await at.notes.deleteDocument(at.doc);
  await at.notes.purgeDocHistory(other);
  expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 2 });
});

test("a sweep that is not told of every database drops nothing", async () => {
  const at = await desk();
  const others = await at.person.tenant.openDB<{ title: string }>("others");
  const doc = await others.createDocument({ title: "another" });
  await attach(others, doc, { name: "a", content: text("a") });
  for (const databases of [[], [at.notes], [others]])
    expect(await codeOf(sweepAttachments(databases))).toBe("SWEEP_INCOMPLETE");
  const elsewhere = await desk();
  expect(await codeOf(sweepAttachments([at.notes, others, elsewhere.notes]))).toBe("SWEEP_INCOMPLETE");
  expect(await sweepAttachments([at.notes, others])).toMatchObject({ blobs: 0 });
});

test("a sweep of a database as it was drops nothing: what was attached since is not to be seen there", async () => {
  const at = await desk();
  await using before = await at.person.tenant.openDB<{ title: string }>("notes", { at: at.doc.getHeads() });
  await attach(at.notes, at.doc, { name: "a", content: text("a") });
  expect(await codeOf(sweepAttachments([before]))).toBe("SWEEP_INCOMPLETE");
  expect(await contentOf(at, "a")).toEqual(Buffer.from("a"));
});

test("a sweep drops nothing where a database is read through others: its documents are not here to look at", async () => {
  const { alice } = await twoDesks();
  await attach(alice.notes, alice.doc, { name: "a", content: text("a") });
  const carol = await join(alice.person, "carol", "editor");
  onTestFinished(() => carol[Symbol.asyncDispose]());
  const lines = await connect(alice.person, carol);
  const notes = await carol.tenant.openDB<{ title: string }>("notes", { replica: "remote" });
  await Promise.all(lines.map((line) => line.synced()));
  for await (const _ of readAttachment(notes, alice.doc.id, "a"));
  expect(await codeOf(sweepAttachments([]))).toBe("SWEEP_INCOMPLETE");
  const own = await carol.tenant.openDB<{ title: string }>("own");
  await own.createDocument({ title: "carol's" });
  expect(await codeOf(sweepAttachments([own]))).toBe("SWEEP_INCOMPLETE");
});

test("a sweep waits for what is being attached, and does not drop it", async () => {
  const at = await desk();
  await attach(at.notes, at.doc, { name: "old", content: noise(CHUNK, 1) });
  await detach(at.notes, at.doc, "old");
  const half = Promise.withResolvers<void>();
  const rest = Promise.withResolvers<void>();
  const source = async function* () {
    yield noise(CHUNK, 1); // it is here already, and nothing refers to it but this
    half.resolve();
    await rest.promise;
    yield noise(CHUNK, 2);
  };
  const attaching = attach(at.notes, at.doc, { name: "new", content: source() });
  await half.promise;
  const sweeping = sweepAttachments([at.notes]);
  const impatient = new Error("too long");
  expect(await codeOf(sweepAttachments([at.notes], { signal: AbortSignal.timeout(1) }).catch(() => impatient))).toBe(
    impatient,
  );
  rest.resolve();
  await attaching;
  expect(await sweeping).toMatchObject({ blobs: 0 });
  expect((await contentOf(at, "new")).length).toBe(2 * CHUNK);
});

test("a table that nobody in reach has keeps a sweep from dropping anything", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await attach(bob.notes, bob.doc, { name: "mine", content: text("x") });
  await part();
  await attach(alice.notes, alice.doc, { name: "large", content: noise(70 * CHUNK) });
  await meet();
  await part();
  await detach(bob.notes, bob.doc, "mine");
  expect(await sweepAttachments([bob.notes])).toEqual({ blobs: 0, bytes: 0, relays: [], unreachable: 1 });
});

test("pinned attachments are fetched, also those that come later, and read offline", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await attach(alice.notes, alice.doc, { name: "before", content: noise(2 * CHUNK, 1) });
  await part();
  await meet();
  let fetched = 0;
  await using pin = await pinAttachments(bob.notes, { onProgress: (bytes) => (fetched = bytes) });
  expect(fetched).toBe(2 * (CHUNK + 16));
  expect(pin.lacking()).toEqual([]);
  await part();
  expect((await contentOf(bob, "before")).length).toBe(2 * CHUNK);
  const follows = Promise.withResolvers<void>();
  onTestFinished(bob.notes.on("change", () => follows.resolve()));
  await attach(alice.notes, alice.doc, { name: "later", content: noise(CHUNK, 2) });
  await meet();
  await follows.promise;
  await pin.retry();
  await part();
  expect((await contentOf(bob, "later")).length).toBe(CHUNK);
  await pin.unpin();
});

test("what is pinned and out of reach is named, and comes when it is tried again", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await part();
  await attach(alice.notes, alice.doc, { name: "film", content: noise(2 * CHUNK) });
  await meet();
  await part();
  await using pin = await pinAttachments(bob.notes);
  expect(pin.lacking()).toEqual([alice.doc.id]);
  await meet();
  await pin.retry();
  expect(pin.lacking()).toEqual([]);
  await part();
  expect((await contentOf(bob, "film")).length).toBe(2 * CHUNK);
});

test("a file of another user with the same content takes no extra room", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  const content = noise(20 * CHUNK);
  await attach(alice.notes, alice.doc, { name: "of alice", content });
  await part();
  await attach(bob.notes, bob.doc, { name: "of bob", content });
  await meet();
  const usage = await attachmentUsage(alice.notes);
  expect(usage).toMatchObject({ attachments: 2, bytes: 40 * CHUNK, storedBytes: 20 * (CHUNK + 16) });
  expect(usage.localBytes).toBe(usage.storedBytes);
});

test("a file on the disk that is swept while it is read is out of reach from there on", async () => {
  await using directory = await newDirectory();
  await using client = await createClient({ store: directory.path, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const notes = await tenant.openDB<{ title: string }>("notes");
  const doc = await notes.createDocument({ title: "a note" });
  await attach(notes, doc, { name: "a", content: noise(60 * CHUNK) });
  const reader = readAttachment(notes, doc, "a").getReader();
  expect((await reader.read()).done).toBe(false);
  await detach(notes, doc, "a");
  expect(await sweepAttachments([notes])).toMatchObject({ blobs: 4 });
  const rest = async () => {
    while (!(await reader.read()).done);
  };
  expect(await codeOf(rest())).toBe("ATTACHMENT_UNREACHABLE");
});
