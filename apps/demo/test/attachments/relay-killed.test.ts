import { attach, listAttachments, readAttachment } from "@selkie/client";
import { expect, test } from "vitest";
import { fileOf, read } from "./bytes.ts";
import { blobsIn, found } from "./company.ts";

const SIZE = 30_000_000;

test("a relay that is killed during an upload gets the rest when it is back, and nothing twice", {
  timeout: 60_000,
}, async () => {
  await using company = await found();
  const { alice, bob, relay, john } = company;
  const film = fileOf(SIZE);
  await attach(alice.contacts, john, { name: "film", content: film });
  const all = blobsIn(alice.path);
  const up = await alice.tenant.connect(relay.url);
  await relay.until(() => relay.blobs().length > 0);
  await relay.kill();
  const before = relay.blobs();
  expect(before.length).toBeLessThan(all.length);
  await relay.again();
  await up.synced();
  expect(relay.blobs()).toEqual(all);
  expect(before.every((name) => all.includes(name))).toBe(true);

  const line = await bob.tenant.connect(relay.url);
  await line.synced();
  expect(Buffer.compare(await read(readAttachment(bob.contacts, john.id, "film")), film)).toBe(0);
  expect(blobsIn(bob.path)).toEqual(all);
});

test("a relay that is killed during a download: what came stays, and reading again goes on from there", {
  timeout: 60_000,
}, async () => {
  await using company = await found();
  const { alice, bob, relay, john } = company;
  const film = fileOf(SIZE);
  await attach(alice.contacts, john, { name: "film", content: film });
  await (await alice.tenant.connect(relay.url)).synced();
  const line = await bob.tenant.connect(relay.url);
  await line.synced();
  const reader = readAttachment(bob.contacts, john.id, "film").getReader();
  await reader.read();
  await relay.kill();
  const drained = async (): Promise<void> => {
    for (let next = await reader.read(); !next.done; next = await reader.read());
  };
  await expect(drained()).rejects.toMatchObject({ code: "ATTACHMENT_UNREACHABLE" });
  expect((await listAttachments(bob.contacts, john.id)).length).toBe(1);
  expect(blobsIn(bob.path).length).toBeGreaterThan(0);
  await relay.again();
  await line.synced();
  expect(Buffer.compare(await read(readAttachment(bob.contacts, john.id, "film")), film)).toBe(0);
});
