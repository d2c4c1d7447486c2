// A database that opens from what it showed last, through the public API alone.
import { createClient, type DocId, whenVerified } from "@selkie/client";
import { expect, test } from "vitest";
import { found } from "./support/company.ts";
import { faultyStore } from "./support/faulty-store.ts";
import { notesOf } from "./support/notes.ts";
import { PASSWORD } from "./support/places.ts";

const MANY = 600;

test("what can't be held against its entries is shown no longer; once they can be read again, the database goes on", async () => {
  const alice = await found();
  const ids = await (await notesOf(alice)).createDocuments(
    Array.from({ length: MANY }, (_, n) => ({ text: `note ${n}` })),
  );
  const [first, second] = ids as [DocId, DocId];
  await alice[Symbol.asyncDispose]();
  const faults = { writes: 0, of: () => null, isUnreadable: false };
  const store = alice.place.again((inner) => faultyStore(inner, faults));
  await using client = await createClient({ store, password: PASSWORD });
  const tenant = await client.openTenant("acme-corp");
  faults.isUnreadable = true;
  const notes = await tenant.openDB<{ text: string }>("notes");
  expect((await notes.getDocument(first)).getData()).toEqual({ text: "note 0" });
  await expect(whenVerified(notes)).rejects.toMatchObject({ code: "STORE_FAILED" });
  for (const asking of [
    () => notes.findDocument(first),
    () => notes.getDocument(second),
    () => notes.getAllDocumentIds(),
  ])
    await expect(asking()).rejects.toMatchObject({ code: "STORE_FAILED" });
  faults.isUnreadable = false;
  await notes.createDocument({ text: "another" });
  expect((await notes.getDocument(first)).getData()).toEqual({ text: "note 0" });
  expect(await notes.getAllDocumentIds()).toHaveLength(MANY + 1);
  await whenVerified(notes);
});
