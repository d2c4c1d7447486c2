// C5: what lies on the disk of a client that has files.
import { readFileSync, writeFileSync } from "node:fs";
import { attach, createClient, listAttachments, readAttachment } from "@selkie/client";
import { expect, test } from "vitest";
import { filesIn, newDirectory, PASSWORD } from "../support/places.ts";
import { CHUNK, noise } from "./files-world.ts";

const hexOf = (text: string, encoding: BufferEncoding): string => Buffer.from(text, encoding).toString("hex");

test("C5 no file on the disk has the name, the media type or bytes of an attachment in it, in no encoding", async () => {
  await using directory = await newDirectory();
  const [name, mediaType] = ["salaries-of-the-board.xlsx", "application/vnd.ms-excel.secret"];
  const content = noise(3 * CHUNK + 1_000, 5);
  for (const round of [1, 2]) {
    await using client = await createClient({ store: directory.path, password: PASSWORD });
    if (round === 1) {
      const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
      const notes = await tenant.openDB<{ title: string }>("notes");
      const doc = await notes.createDocument({ title: "a note" });
      await attach(notes, doc, { name, mediaType, content });
    } else {
      const tenant = await client.openTenant("acme-corp");
      const notes = await tenant.openDB<{ title: string }>("notes");
      const [id] = await notes.getAllDocumentIds();
      if (id === undefined) return expect.unreachable();
      expect(await listAttachments(notes, id)).toMatchObject([{ name, mediaType }]);
      const pieces: Uint8Array[] = [];
      for await (const piece of readAttachment(notes, id, name)) pieces.push(piece);
      expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    }
  }
  const files = filesIn(directory.path);
  expect(files.size).toBeGreaterThan(1);
  const secrets = [name, mediaType].flatMap((text) => [hexOf(text, "utf8"), hexOf(text, "utf16le")]);
  for (const at of [0, CHUNK, 2 * CHUNK + 77, 3 * CHUNK])
    secrets.push(Buffer.from(content.subarray(at, at + 16)).toString("hex"));
  for (const [path, hex] of files) {
    expect(path).not.toContain("salaries");
    for (const secret of secrets) expect(hex.includes(secret)).toBe(false);
  }
});

test("a chunk whose blob the disk damaged is stored again by who attaches it again", async () => {
  await using directory = await newDirectory();
  await using client = await createClient({ store: directory.path, password: PASSWORD });
  const tenant = await client.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const notes = await tenant.openDB<{ title: string }>("notes");
  const doc = await notes.createDocument({ title: "a note" });
  const content = noise(2 * CHUNK);
  await attach(notes, doc, { name: "a", content });
  const [blob] = [...filesIn(directory.path)].flatMap(([path, hex]) => (hex.length === 4 * (CHUNK + 16) ? [path] : []));
  if (blob === undefined) return expect.unreachable();
  const damaged = readFileSync(blob);
  damaged[CHUNK] = (damaged[CHUNK] ?? 0) ^ 1;
  writeFileSync(blob, damaged);
  await attach(notes, doc, { name: "b", content });
  for (const name of ["a", "b"]) {
    const pieces: Uint8Array[] = [];
    for await (const piece of readAttachment(notes, doc, name)) pieces.push(piece);
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
  }
});
