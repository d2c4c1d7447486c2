import {
  append,
  attach,
  attachmentUsage,
  detach,
  listAttachments,
  readAttachment,
  verifyAttachment,
} from "@selkie/client";
import { blobRoomOf } from "@selkie/core";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { connect, join } from "../support/company.ts";
import { broken, CHUNK, codeOf, contentOf, desk, noise, text, twoDesks } from "./files-world.ts";

test("what is attached is listed, and read whole or in part", async () => {
  const at = await desk();
  const content = noise(3 * CHUNK + 5);
  const attached = await attach(at.notes, at.doc, { name: "plan.pdf", mediaType: "application/pdf", content });
  expect(attached).toMatchObject({
    name: "plan.pdf",
    mediaType: "application/pdf",
    size: content.length,
    isDamaged: false,
  });
  expect(await listAttachments(at.notes, at.doc)).toEqual([attached]);
  expect(Buffer.compare(await contentOf(at, "plan.pdf"), content)).toBe(0);
  expect(
    Buffer.compare(await contentOf(at, attached.id, [CHUNK - 3, CHUNK + 3]), content.subarray(CHUNK - 3, CHUNK + 3)),
  ).toBe(0);
  expect(await contentOf(at, "plan.pdf", [content.length, content.length + 9])).toHaveLength(0);
  expect(at.doc.getData().title).toBe("a note");
});

test("a reader with memory of its own has it filled, whatever its length", async () => {
  const { notes, doc } = await desk();
  const content = noise(2 * CHUNK + 77);
  await attach(notes, doc, { name: "a", content });
  for (const length of [1_000, CHUNK - 1, CHUNK, 3 * CHUNK]) {
    const reader = readAttachment(notes, doc, "a").getReader({ mode: "byob" });
    const pieces: Uint8Array[] = [];
    let memory = new ArrayBuffer(length);
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(memory));
      if (value === undefined) return expect.unreachable();
      if (done) break;
      pieces.push(value.slice());
      memory = value.buffer;
    }
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
  }
});

test("a file's own media type is taken, and one without is of no special type", async () => {
  const { notes, doc } = await desk();
  const file = new File(["<p>"], "page.html", { type: "text/html" });
  expect((await attach(notes, doc, { name: file.name, content: file })).mediaType).toBe("text/html");
  expect((await attach(notes, doc, { name: "page", content: text("<p>") })).mediaType).toBe("application/octet-stream");
});

test("a file of the same name takes the place of the one before, in one change", async () => {
  const at = await desk();
  const first = await attach(at.notes, at.doc, { name: "a.txt", content: text("one") });
  await attach(at.notes, at.doc, { name: "small", content: text("o"), variantOf: "a.txt", variant: "thumbnail" });
  const heads = at.doc.getHeads();
  const second = await attach(at.notes, at.doc, { name: "a.txt", content: text("two") });
  expect(second.id).not.toBe(first.id);
  expect(await listAttachments(at.notes, at.doc)).toEqual([second]);
  const changes = [];
  for await (const change of at.notes.history.changes(at.doc.id)) changes.push(change);
  expect(at.doc.getHeads()).not.toEqual(heads);
  expect(changes).toHaveLength(4);
});

test("what is appended stands behind what was there, and the id stays", async () => {
  const at = await desk();
  const { id } = await attach(at.notes, at.doc, { name: "log", content: text("one ") });
  expect(await append(at.notes, at.doc, "log", text("two "))).toMatchObject({ id, size: 8 });
  await append(at.notes, at.doc, id, text("three"));
  expect((await contentOf(at, "log")).toString()).toBe("one two three");
  expect((await contentOf(at, "log", [2, 9])).toString()).toBe("e two t");
});

test("what is detached is gone, with what derives from it", async () => {
  const { notes, doc } = await desk();
  await attach(notes, doc, { name: "photo", content: text("photo") });
  const thumbnail = await attach(notes, doc, {
    name: "thumb",
    content: text("t"),
    variantOf: "photo",
    variant: "thumbnail",
  });
  expect(thumbnail).toMatchObject({ variant: "thumbnail" });
  await attach(notes, doc, { name: "other", content: text("o") });
  await detach(notes, doc, "photo");
  expect((await listAttachments(notes, doc)).map(({ name }) => name)).toEqual(["other"]);
  expect(await codeOf(detach(notes, doc, "photo"))).toBe("ATTACHMENT_NOT_FOUND");
});

test("who may not write a document is told so before anything of a file is read", async () => {
  const alice = await desk();
  const carol = await join(alice.person, "carol", "reader");
  onTestFinished(() => carol[Symbol.asyncDispose]());
  const notes = await carol.tenant.openDB<{ title: string }>("notes");
  const lines = await connect(alice.person, carol);
  await Promise.all(lines.map((line) => line.synced()));
  const read: number[] = [];
  const source = async function* () {
    read.push(1);
    yield text("x");
  };
  await expect(attach(notes, alice.doc.id, { name: "a", content: source() })).rejects.toMatchObject({
    code: "WRITE_NOT_ALLOWED",
  });
  await attach(alice.notes, alice.doc, { name: "log", content: text("1") });
  await alice.notes.deleteDocument(alice.doc);
  await expect(attach(alice.notes, alice.doc, { name: "a", content: source() })).rejects.toMatchObject({
    code: "DOC_DELETED",
  });
  await expect(append(alice.notes, alice.doc, "log", source())).rejects.toMatchObject({ code: "ATTACHMENT_NOT_FOUND" });
  expect(read).toEqual([]);
});

test("a source that breaks off, a name that is none and an abort attach nothing", async () => {
  const { notes, doc } = await desk();
  const heads = doc.getHeads();
  expect(await codeOf(attach(notes, doc, { name: "a", content: broken(noise(20 * CHUNK)) }))).toBe("SOURCE_FAILED");
  for (const name of ["", "a\u0000b", "x".repeat(1_025)])
    expect(await codeOf(attach(notes, doc, { name, content: text("x") }))).toBe("ATTACHMENT_INVALID");
  const reason = new Error("enough");
  expect(
    await codeOf(attach(notes, doc, { name: "a", content: text("x") }, { signal: AbortSignal.abort(reason) })),
  ).toBe(reason);
  expect(await codeOf(attach(notes, doc, { name: "a", content: text("x"), variantOf: "none" }))).toBe(
    "ATTACHMENT_NOT_FOUND",
  );
  expect(await codeOf(append(notes, doc, "none", text("x")))).toBe("ATTACHMENT_NOT_FOUND");
  expect(() => readAttachment(notes, doc, "a", { range: [2, 1] })).toThrow(
    expect.objectContaining({ code: "RANGE_INVALID" }),
  );
  expect(await listAttachments(notes, doc)).toEqual([]);
  expect(doc.getHeads()).toEqual(heads);
});

test("a document or an attachment that is not there is said so before a source is read", async () => {
  const { notes, doc } = await desk();
  const unread = new ReadableStream<Uint8Array>({ pull: () => expect.unreachable() }, { highWaterMark: 0 });
  const absent = doc.id.replace(/./g, "0") as typeof doc.id;
  await expect(attach(notes, absent, { name: "a", content: unread })).rejects.toMatchObject({ code: "DOC_NOT_FOUND" });
  expect(await codeOf(attach(notes, doc, { name: "a", content: unread, variantOf: "none" }))).toBe(
    "ATTACHMENT_NOT_FOUND",
  );
});

test("a variant does not take the place of what it derives from", async () => {
  const { notes, doc } = await desk();
  const photo = await attach(notes, doc, { name: "photo", content: text("photo") });
  const small = await attach(notes, doc, { name: "small", content: text("s"), variantOf: "photo" });
  for (const variantOf of ["photo", "small"])
    expect(await codeOf(attach(notes, doc, { name: "photo", content: text("p"), variantOf }))).toBe(
      "ATTACHMENT_INVALID",
    );
  expect(new Set(await listAttachments(notes, doc))).toEqual(new Set([photo, small]));
});

test("two devices that attach and append at once keep all of it", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await attach(alice.notes, alice.doc, { name: "log", content: text("begin|") });
  await part();
  await append(alice.notes, alice.doc, "log", text("alice|"));
  await append(bob.notes, bob.doc, "log", text("bob|"));
  await attach(alice.notes, alice.doc, { name: "of alice", content: text("a") });
  await attach(bob.notes, bob.doc, { name: "of bob", content: text("b") });
  await meet();
  for (const one of [alice, bob]) {
    expect((await listAttachments(one.notes, one.doc)).map(({ name }) => name).sort()).toEqual([
      "log",
      "of alice",
      "of bob",
    ]);
    expect((await contentOf(one, "log")).toString()).toMatch(/^begin\|(alice\|bob\||bob\|alice\|)$/);
    expect((await contentOf(one, "of alice")).toString() + (await contentOf(one, "of bob")).toString()).toBe("ab");
  }
  expect(await contentOf(alice, "log")).toEqual(await contentOf(bob, "log"));
});

test("two devices that attach the first file of a document at once keep both", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await part();
  await attach(alice.notes, alice.doc, { name: "same", content: text("of alice") });
  await attach(bob.notes, bob.doc, { name: "same", content: text("of bob") });
  await meet();
  const listed = await listAttachments(alice.notes, alice.doc);
  expect(listed).toHaveLength(2);
  expect(await listAttachments(bob.notes, bob.doc)).toEqual(listed);
  expect(await contentOf(alice, "same")).toEqual(await contentOf(bob, "same"));
  await attach(alice.notes, alice.doc, { name: "same", content: text("one again") });
  expect(await listAttachments(alice.notes, alice.doc)).toHaveLength(1);
});

test("another device reads what it does not have while they are connected, and keeps what it read whole", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  const content = noise(5 * CHUNK);
  await attach(alice.notes, alice.doc, { name: "film", content });
  await part();
  await meet();
  expect(Buffer.compare(await contentOf(bob, "film", [10, 20]), content.subarray(10, 20))).toBe(0);
  expect((await attachmentUsage(bob.notes)).localBytes).toBe(0);
  expect(Buffer.compare(await contentOf(bob, "film"), content)).toBe(0);
  await part();
  expect(Buffer.compare(await contentOf(bob, "film"), content)).toBe(0);
  expect(await verifyAttachment(bob.notes, bob.doc, "film")).toEqual({
    isWhole: true,
    chunks: 5,
    missing: 0,
    damaged: 0,
  });
});

test("what is out of reach is said to be", async () => {
  const { alice, bob, part, meet } = await twoDesks();
  await part();
  await attach(alice.notes, alice.doc, { name: "film", content: noise(2 * CHUNK) });
  await meet();
  await part();
  expect(await codeOf(contentOf(bob, "film"))).toBe("ATTACHMENT_UNREACHABLE");
  expect(await verifyAttachment(bob.notes, bob.doc, "film")).toEqual({
    isWhole: false,
    chunks: 2,
    missing: 2,
    damaged: 0,
  });
});

test("a document as it was has the files that it had", async () => {
  const at = await desk();
  await attach(at.notes, at.doc, { name: "a", content: text("before") });
  const heads = at.doc.getHeads();
  await attach(at.notes, at.doc, { name: "a", content: text("after") });
  await using past = await at.person.tenant.openDB<{ title: string }>("notes", { at: heads });
  const pieces: Uint8Array[] = [];
  for await (const piece of readAttachment(past, at.doc.id, "a")) pieces.push(piece);
  expect(Buffer.concat(pieces).toString()).toBe("before");
});

test("C4 switched off, the same file takes its room again", async () => {
  const { notes, doc } = await desk();
  const content = noise(2 * CHUNK);
  await attach(notes, doc, { name: "a", content });
  await attach(notes, doc, { name: "b", content });
  const shared = await attachmentUsage(notes);
  expect(shared).toMatchObject({
    attachments: 2,
    bytes: 4 * CHUNK,
    storedBytes: 2 * (CHUNK + 16),
    sharedBytes: 2 * (CHUNK + 16),
  });
  await attach(notes, doc, { name: "c", content, deduplicate: false });
  const usage = await attachmentUsage(notes);
  expect(usage.storedBytes).toBe(4 * (CHUNK + 16));
  expect(usage.sharedBytes).toBe(shared.sharedBytes);
  expect(usage.localBytes).toBe(usage.storedBytes);
});

test("C2 the same file in two tenants gives blobs that have nothing in common", async () => {
  const [one, two] = [await desk(), await desk()];
  const hashes: string[] = [];
  for (const { notes, doc, person } of [one, two]) {
    await attach(notes, doc, { name: "a", content: noise(3 * CHUNK) });
    for await (const { hash } of blobRoomOf(person.tenant).blobs.list()) hashes.push(Buffer.from(hash).toString("hex"));
  }
  expect(new Set(hashes).size).toBe(2);
});

test("any sequence of attaching, appending and detaching leaves what a map of texts holds", async () => {
  const names = fc.constantFrom("a", "b", "c");
  const steps = fc.array(
    fc.record({
      type: fc.constantFrom("attach", "append", "detach"),
      name: names,
      length: fc.integer({ min: 0, max: 300_000 }),
    }),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const at = await desk();
      const model = new Map<string, Uint8Array>();
      for (const [step, { type, name, length }] of all.entries()) {
        const content = noise(length, step + 1);
        const before = model.get(name);
        if (type === "attach") {
          await attach(at.notes, at.doc, { name, content });
          model.set(name, content);
        } else if (before === undefined) {
          const missing = type === "append" ? append(at.notes, at.doc, name, content) : detach(at.notes, at.doc, name);
          expect(await codeOf(missing)).toBe("ATTACHMENT_NOT_FOUND");
        } else if (type === "append") {
          await append(at.notes, at.doc, name, content);
          model.set(name, Buffer.concat([before, content]));
        } else {
          await detach(at.notes, at.doc, name);
          model.delete(name);
        }
      }
      const listed = await listAttachments(at.notes, at.doc);
      expect(listed.map(({ name }) => name).sort()).toEqual([...model.keys()].sort());
      for (const [name, content] of model) expect(Buffer.compare(await contentOf(at, name), content)).toBe(0);
    }),
    { numRuns: process.env["SELKIE_TEST_FULL"] === "1" ? 100 : 8 },
  );
});
