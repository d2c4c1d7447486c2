import { attach, readAttachment } from "@selkie/client";
import { expect, test } from "vitest";
import { fileOf, read } from "./bytes.ts";
import { blobsIn, found } from "./company.ts";

test("a relay without room says so to who waits, nothing is lost, and the rest goes there once it has room", {
  timeout: 60_000,
}, async () => {
  await using company = await found({ SELKIE_RELAY_LOGIN_KEY_BYTES: "6000000" });
  const { alice, bob, relay, john } = company;
  const film = fileOf(20_000_000);
  await attach(alice.contacts, john, { name: "film", content: film });
  const up = await alice.tenant.connect(relay.url);
  await expect(up.synced()).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
  expect([1, 2]).toContain(relay.blobs().length); // one of 4 MiB, and that of the table if it came before
  expect(Buffer.compare(await read(readAttachment(alice.contacts, john, "film")), film)).toBe(0);
  await relay.kill();
  await relay.again(); // with the room that a relay has by default
  await up.synced();
  expect(relay.blobs()).toEqual(blobsIn(alice.path));
  await (await bob.tenant.connect(relay.url)).synced();
  expect(Buffer.compare(await read(readAttachment(bob.contacts, john.id, "film")), film)).toBe(0);
});
