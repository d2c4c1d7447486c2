// What is removed, and what two have in common.
import { attach, attachmentUsage, detach, readAttachment, sweepAttachments } from "@selkie/client";
import { describe, expect, test } from "vitest";
import { fileOf, read } from "./bytes.ts";
import { blobsIn, found } from "./company.ts";

describe("room", () => {
  test("an attachment of another user with the same content takes no more of it", async () => {
    await using company = await found();
    const { alice, bob, relay, john } = company;
    const content = fileOf(10_000_000);
    await attach(alice.contacts, john, { name: "hers", content });
    await (await alice.tenant.connect(relay.url)).synced();
    const before = relay.blobs();
    const line = await bob.tenant.connect(relay.url);
    const jane = await bob.contacts.createDocument({ name: "Jane" });
    await attach(bob.contacts, jane, { name: "his", content });
    await line.synced();
    expect(relay.blobs()).toEqual(before);
    expect((await attachmentUsage(bob.contacts)).bytes).toBe(2 * content.length);
  });

  test("of a purged document is free again, here and at the relay, and what others refer to stays", async () => {
    await using company = await found({ SELKIE_RELAY_RETIRE_AFTER_MS: "0" });
    const { alice, bob, relay, john } = company;
    await alice.tenant.settings.change({ purgeAfter: 0 });
    const [hers, both] = [fileOf(500_000), fileOf(600_000)];
    const jane = await alice.contacts.createDocument({ name: "Jane" });
    await attach(alice.contacts, john, { name: "hers", content: hers });
    await attach(alice.contacts, john, { name: "both", content: both });
    await attach(alice.contacts, jane, { name: "both", content: both });
    const up = await alice.tenant.connect(relay.url);
    await up.synced();
    expect(relay.blobs().length).toBe(2);
    await alice.contacts.purgeDocHistory(john.id);
    const swept = await sweepAttachments([alice.contacts], { relays: true });
    expect(swept).toMatchObject({ blobs: 1, relays: [relay.url] });
    await relay.until(() => relay.blobs().length === 1);
    expect(blobsIn(alice.path)).toEqual(relay.blobs());
    const line = await bob.tenant.connect(relay.url);
    await line.synced();
    expect(await read(readAttachment(bob.contacts, jane.id, "both"))).toEqual(both);
  });

  test("is not freed at a relay as long as a device offers it", async () => {
    await using company = await found({ SELKIE_RELAY_RETIRE_AFTER_MS: "3600000" });
    const { alice, bob, relay, john } = company;
    const content = fileOf(500_000);
    const line = await bob.tenant.connect(relay.url);
    await attach(bob.contacts, john.id, { name: "his", content });
    await line.synced();
    const up = await alice.tenant.connect(relay.url);
    await up.synced();
    await read(readAttachment(alice.contacts, john, "his"));
    await detach(alice.contacts, john, "his");
    await sweepAttachments([alice.contacts], { relays: true });
    expect(blobsIn(alice.path)).toEqual([]);
    expect(blobsIn(bob.path)).toEqual(relay.blobs());
  });
});
