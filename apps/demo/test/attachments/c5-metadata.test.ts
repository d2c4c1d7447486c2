import { attach, readAttachment } from "@selkie/client";
import { expect, test } from "vitest";
import { fileOf, read } from "./bytes.ts";
import { found, holding } from "./company.ts";

test("C5 no file on any disk, of clients or relay, holds a byte of an attachment, its name or its media type", async () => {
  await using company = await found();
  const { alice, bob, relay, john } = company;
  const content = fileOf(900_000);
  const file = { name: "takeover-plan.pdf", mediaType: "application/x-selkie-secret", content };
  await attach(alice.contacts, john, file);
  await (await alice.tenant.connect(relay.url)).synced();
  await (await bob.tenant.connect(relay.url)).synced();
  expect(await read(readAttachment(bob.contacts, john.id, file.name))).toEqual(content);
  const pieces = Array.from({ length: 50 }, (_, at) => content.subarray(at * 17_000, at * 17_000 + 16));
  const text = [file.name, file.mediaType, "takeover"].map((each) => new TextEncoder().encode(each));
  for (const path of [alice.path, bob.path, relay.path]) expect(holding(path, [...pieces, ...text])).toBe(0);
  expect(relay.blobs().length).toBe(1);
});
