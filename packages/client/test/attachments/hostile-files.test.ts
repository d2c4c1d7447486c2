// What somebody who may write a document can put where attachments stand: anything.
import { attach, attachmentUsage, detach, listAttachments, sweepAttachments, verifyAttachment } from "@selkie/client";
import { toBase64url } from "@selkie/entry";
import { describe, expect, test } from "vitest";
import { codeOf, contentOf, desk, text } from "./files-world.ts";

const ID = toBase64url(new Uint8Array(16).fill(9));

/** A manifest by hand: format, one key version, length, no salt, table. */
function manifest(length: bigint, table = new Uint8Array(), version = new Uint8Array(32)): Uint8Array {
  const bytes = new Uint8Array(43 + table.length);
  bytes.set([1, 1]);
  bytes.set(version, 2);
  new DataView(bytes.buffer).setBigUint64(34, length);
  bytes.set(table, 43);
  return bytes;
}

const fine = { name: "x", mediaType: "text/plain", parts: [manifest(0n)] };

describe.each<[string, unknown, string?]>([
  ["a text", "text"],
  ["a list", [1, 2, 3]],
  ["null", null],
  ["nothing in it", {}],
  ["a name that is a number", { ...fine, name: 5 }],
  ["a name with a line break", { ...fine, name: "a\nb" }],
  ["a name of ten thousand characters", { ...fine, name: "x".repeat(10_000) }],
  ["no media type", { ...fine, mediaType: "" }],
  ["no parts", { ...fine, parts: [] }],
  ["parts that are texts", { ...fine, parts: ["abc"] }],
  ["parts that are no list", { ...fine, parts: manifest(0n) }],
  ["an empty manifest", { ...fine, parts: [new Uint8Array()] }],
  ["a manifest of another format", { ...fine, parts: [Uint8Array.of(9, ...manifest(0n))] }],
  ["2^53 bytes", { ...fine, parts: [manifest(2n ** 53n, new Uint8Array(65))] }],
  ["2^64 - 1 bytes", { ...fine, parts: [manifest(2n ** 64n - 1n, new Uint8Array(65))] }],
  [
    "2^48 bytes twice",
    { ...fine, parts: [manifest(2n ** 48n, new Uint8Array(65)), manifest(2n ** 48n, new Uint8Array(65))] },
  ],
  ["more bytes than its table lists", { ...fine, parts: [manifest(300_000n, new Uint8Array(65))] }],
  ["a variant of what is no id", { ...fine, variantOf: "../../x" }],
  ["an id that is none", fine, "not an id"],
  ["an id of other bytes", fine, "AAAA"],
])("an attachment that is %s", (_, value, id = ID) => {
  test("is damaged, and only that one", async () => {
    const at = await desk();
    await at.notes.changeDoc(at.doc, (draft) => {
      (draft.getData() as unknown as Record<string, unknown>)[`_attachments/${id}`] = value;
    });
    await attach(at.notes, at.doc, { name: "good", content: text("good") });
    const listed = await listAttachments(at.notes, at.doc);
    expect(listed.map(({ isDamaged }) => isDamaged).sort()).toEqual([false, true]);
    expect(listed.find(({ isDamaged }) => isDamaged)).toMatchObject({ id, size: 0 });
    expect(await codeOf(contentOf(at, id))).toBe("ATTACHMENT_DAMAGED");
    expect(await codeOf(verifyAttachment(at.notes, at.doc, id))).toBe("ATTACHMENT_DAMAGED");
    expect((await contentOf(at, "good")).toString()).toBe("good");
    expect(await attachmentUsage(at.notes)).toMatchObject({ attachments: 2, bytes: 4, unreadable: 1 });
    expect(await sweepAttachments([at.notes])).toMatchObject({ blobs: 0, unreachable: 0 });
    await detach(at.notes, at.doc, id);
    expect(await listAttachments(at.notes, at.doc)).toHaveLength(1);
  });
});

test("C1 a manifest that names a version of another key opens nothing", async () => {
  const at = await desk();
  await at.person.tenant.directory.createKey("board");
  const secret = await at.notes.createDocument({ title: "of the board" }, { key: "board" });
  await attach(at.notes, secret, { name: "minutes", content: text("for the board alone") });
  const [copied] = Object.entries(secret.getData()).filter(([name]) => name.startsWith("_attachments/"));
  await at.notes.changeDoc(at.doc, (draft) => {
    const [name, value] = copied ?? [];
    (draft.getData() as unknown as Record<string, unknown>)[String(name)] = structuredClone(value);
  });
  expect(await codeOf(contentOf(at, "minutes"))).toBe("ATTACHMENT_LOCKED");
  expect(await codeOf(verifyAttachment(at.notes, at.doc, "minutes"))).toBe("ATTACHMENT_LOCKED");
});

test("attachments that derive from each other in a circle are detached like others", async () => {
  const at = await desk();
  const [a, b] = [toBase64url(new Uint8Array(16).fill(1)), toBase64url(new Uint8Array(16).fill(2))];
  await at.notes.changeDoc(at.doc, (draft) => {
    const data = draft.getData() as unknown as Record<string, unknown>;
    data[`_attachments/${a}`] = { ...fine, variantOf: b };
    data[`_attachments/${b}`] = { ...fine, variantOf: a };
  });
  expect(await listAttachments(at.notes, at.doc)).toHaveLength(2);
  await detach(at.notes, at.doc, a);
  expect(await listAttachments(at.notes, at.doc)).toHaveLength(0);
});

test("what is damaged does not stand before a file of its name", async () => {
  const at = await desk();
  await at.notes.changeDoc(at.doc, (draft) => {
    const data = draft.getData() as unknown as Record<string, unknown>;
    data["_attachments/report.pdf"] = "its id is the name";
  });
  await attach(at.notes, at.doc, { name: "report.pdf", content: text("mine") });
  await at.notes.changeDoc(at.doc, (draft) => {
    const data = draft.getData() as unknown as Record<string, unknown>;
    data[`_attachments/${toBase64url(new Uint8Array(16))}`] = { ...fine, name: "report.pdf", parts: [] };
  });
  expect((await contentOf(at, "report.pdf")).toString()).toBe("mine");
});

test("thousands that derive from one another are detached like others", async () => {
  const at = await desk();
  const ids = Array.from({ length: 1_000 }, (_, index) => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, index);
    return toBase64url(bytes);
  });
  for (let from = 0; from < ids.length; from += 500)
    await at.notes.changeDoc(at.doc, (draft) => {
      const data = draft.getData() as unknown as Record<string, unknown>;
      for (const [index, id] of ids.slice(from, from + 500).entries())
        data[`_attachments/${id}`] = { ...fine, mediaType: "x", variantOf: ids[from + index - 1] ?? id };
    });
  await detach(at.notes, at.doc, ids[0] ?? "");
  expect(await listAttachments(at.notes, at.doc)).toEqual([]);
});
