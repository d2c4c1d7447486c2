import { counter, createClient, memory, parseDocId } from "@selkie/client";
import { expect, test } from "vitest";

interface Contact {
  name: string;
  revenue?: number;
}

test("documents are created, changed, deleted, and found again after a restart", async () => {
  const store = memory();
  const ids = await (async () => {
    await using alice = await createClient({ store, password: "alice-password" });
    const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    const contacts = await acme.openDB<Contact>("contacts");
    const john = await contacts.createDocument({ name: "John Doe" });
    await contacts.changeDoc(john, (draft) => {
      draft.getData().revenue = 12;
    });
    const gone = await contacts.createDocument({ name: "Gone" });
    await contacts.deleteDocument(gone);
    expect(gone.isDeleted()).toBe(true);
    expect(gone.getData()).toEqual({});
    const many = await contacts.createDocuments(Array.from({ length: 250 }, (_, at) => ({ name: `contact ${at}` })));
    expect(await contacts.getAllDocumentIds()).toHaveLength(251);
    expect(contacts.tenant).toBe(acme);
    return { john: john.id, gone: gone.id, many };
  })();
  await using alice = await createClient({ store, password: "alice-password" });
  const acme = await alice.openTenant("acme-corp");
  const contacts = await acme.openDB<Contact>("contacts");
  expect(await contacts.getAllDocumentIds()).toHaveLength(251);
  expect((await contacts.getDocument(ids.john)).getData()).toEqual({ name: "John Doe", revenue: 12 });
  expect((await contacts.getDocument(ids.gone)).isDeleted()).toBe(true);
  expect((await contacts.getDocument(ids.many[98] ?? ids.john)).getData()).toEqual({ name: "contact 98" });
});

test("a document is found by an id that was kept as text, and a text that is none is refused", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const contacts = await acme.openDB<Contact>("contacts");
  const { id } = await contacts.createDocument({ name: "John Doe" });
  expect((await contacts.getDocument(parseDocId(`${id}`))).getData()).toEqual({ name: "John Doe" });
  for (const text of ["", id.slice(1), `${id}0`, id.toUpperCase(), "../../etc/passwd"])
    expect(() => parseDocId(text)).toThrow(expect.objectContaining({ code: "DOC_ID_MALFORMED" }));
});

test("of many rows the one that can't be written is named", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const contacts = await acme.openDB<{ n: unknown }>("contacts");
  for (const bad of [0, 7, 1_500]) {
    const rows = Array.from({ length: 1_501 }, (_, at) => ({ n: at === bad ? Symbol("n") : at }));
    const creating = contacts.createDocuments(rows);
    await expect(creating).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED", row: bad });
  }
  expect(await contacts.getAllDocumentIds()).toHaveLength(1_000); // those before row 1,500
});

test("a relay's address that cannot be used is refused at once, and says why", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  await expect(acme.connect("https://relay.example")).rejects.toMatchObject({ name: "SyncError", code: "BAD_URL" });
  await expect(acme.connect("ws://relay.example")).rejects.toMatchObject({ name: "SyncError", code: "INSECURE_URL" });
});

test("what is no object with fields is no document", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const contacts = await acme.openDB<object, unknown>("contacts");
  const refused = { code: "VALUE_UNSUPPORTED" };
  for (const data of [null, 5, true, "text", [1], new Date(0), new Uint8Array(1), counter()]) {
    await expect(contacts.createDocument(data)).rejects.toMatchObject(refused);
    await expect(contacts.createDocuments([data])).rejects.toMatchObject(refused);
  }
  expect(await contacts.getAllDocumentIds()).toEqual([]);
});
