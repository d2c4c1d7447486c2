// Files that go from one device to another by way of a real relay, over its HTTP door; and what the relay learns of them.
import { createHash } from "node:crypto";
import { attach, readAttachment } from "@selkie/client";
import { fromHex, parseTenantId, toHex } from "@selkie/entry";
import type { Store, StoredBlob } from "@selkie/store";
import { expect, test } from "vitest";
import { noise } from "../../../client/test/attachments/files-world.ts";
import { admit, found, newPlace, startRelay } from "../remote/relay-line.ts";

const CHUNK = 262_144;

type Tenant = Awaited<ReturnType<typeof found>>["tenant"];

const blobStore = (store: Store, { id }: Tenant) => store.blobs(parseTenantId(fromHex(id)));
const blobsAt = (store: Store, tenant: Tenant): Promise<StoredBlob[]> =>
  Array.fromAsync(blobStore(store, tenant).list());
const namesOf = (blobs: readonly StoredBlob[]): readonly string[] => blobs.map(({ hash }) => toHex(hash));

async function bytesAt(store: Store, tenant: Tenant): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (const { hash } of await blobsAt(store, tenant)) {
    pieces.push(...(await Array.fromAsync((await blobStore(store, tenant).get(hash)) ?? [])));
  }
  return Buffer.concat(pieces);
}

test("C5 a file comes to another device whole, by way of the relay alone, and no byte lies there that says what it is", async () => {
  await using relay = await startRelay();
  await using alice = await found(await newPlace());
  const content = noise(17 * CHUNK + 5);
  const name = "what-nobody-there-may-read.pdf";
  const notes = await alice.tenant.openDB<{ title: string }>("notes");
  const doc = await notes.createDocument({ title: "a note" });
  await attach(notes, doc, { name, mediaType: "application/x-canary", content });
  const up = await alice.tenant.connect(relay.url);
  await up.synced();
  await using bob = await admit(alice, "bob", await newPlace());
  await up.synced();
  await up[Symbol.asyncDispose]();
  await using line = await bob.tenant.connect(relay.url);
  const theirs = await bob.tenant.openDB<{ title: string }>("notes");
  await line.synced();
  const read = await Array.fromAsync(readAttachment(theirs, await theirs.getDocument(doc.id), name));
  expect(Buffer.compare(Buffer.concat(read), content)).toBe(0);
  const held = await bytesAt(relay.store, alice.tenant);
  expect(held.length).toBeGreaterThan(content.length);
  for (const canary of [name, "x-canary", Buffer.from(content.subarray(0, 16)), Buffer.from(content.subarray(-16))]) {
    expect(held.includes(canary)).toBe(false);
  }
});

test("C2 C3 the same files in two tenants are as many blobs of the same sizes, of which no two have a name in common, and none has one that follows from a file alone", async () => {
  await using relay = await startRelay();
  await using alice = await found(await newPlace());
  await using stranger = await found(await newPlace());
  const files = [noise(3 * CHUNK + 5, 1), noise(100, 2), noise(CHUNK, 3)];
  for (const { tenant } of [alice, stranger]) {
    const notes = await tenant.openDB<{ title: string }>("notes");
    const doc = await notes.createDocument({ title: "a note" });
    for (const [at, content] of files.entries()) await attach(notes, doc, { name: `file ${at}`, content });
    await using line = await tenant.connect(relay.url);
    await line.synced();
  }
  const [ours, others] = [await blobsAt(relay.store, alice.tenant), await blobsAt(relay.store, stranger.tenant)];
  const sizesOf = (blobs: readonly StoredBlob[]) => blobs.map(({ size }) => size).sort((a, b) => a - b);
  expect(ours.length).toBeGreaterThanOrEqual(files.length);
  expect(sizesOf(others)).toEqual(sizesOf(ours));
  expect(namesOf(ours).filter((name) => namesOf(others).includes(name))).toEqual([]);
  const guesses = files.flatMap((content) => {
    const chunks = Array.from({ length: Math.ceil(content.length / CHUNK) }, (_, at) =>
      content.subarray(at * CHUNK, (at + 1) * CHUNK),
    );
    return [content, ...chunks].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
  });
  for (const guess of guesses) expect([...namesOf(ours), ...namesOf(others)]).not.toContain(guess);
});
