import { type Counter, counter, createClient, type Database, isCounter, memory } from "@selkie/client";
import * as v from "valibot";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { found, join, meet } from "../support/company.ts";

const contact = z.object({
  name: z.string().min(1),
  region: z.string().default("EMEA"),
  tags: z.array(z.string()).optional(),
  since: z.date().optional(),
});
const mismatch = { code: "SCHEMA_MISMATCH" };

describe("a database with a schema", () => {
  it("types what it holds, fills in defaults of new documents, and refuses what the schema does", async () => {
    const { tenant } = await found();
    const contacts = await tenant.openDB("contacts", { schema: contact });
    expectTypeOf(contacts).toEqualTypeOf<Database<z.output<typeof contact>, z.input<typeof contact>>>();
    const john = await contacts.createDocument({ name: "John" });
    expect(john.getData()).toEqual({ name: "John", region: "EMEA" });
    const nobody = { name: "", region: "EMEA" };
    await expect(contacts.createDocument(nobody)).rejects.toMatchObject({
      ...mismatch,
      cause: [{ path: ["name"] }],
    });
    await expect(contacts.createDocuments([{ name: "Jane", region: "APAC" }, nobody])).rejects.toMatchObject({
      ...mismatch,
      row: 1,
    });
    expect(await contacts.getAllDocumentIds()).toEqual([john.id]);
  });

  it("refuses a change that would make a document another thing, and leaves nothing of it", async () => {
    const { tenant } = await found();
    const contacts = await tenant.openDB("contacts", { schema: contact });
    const john = await contacts.createDocument({ name: "John", region: "EMEA", since: new Date(1) });
    const heads = john.getHeads();
    for (const edit of [
      (data: object) => void Reflect.deleteProperty(data, "name"),
      async (data: object) => void Object.assign(data, { tags: "none" }),
    ])
      await expect(contacts.changeDoc(john, (draft) => edit(draft.getData()))).rejects.toMatchObject(mismatch);
    expect([john.getHeads(), john.getData().name]).toEqual([heads, "John"]);
    await contacts.changeDoc(john, (draft) => {
      draft.getData().tags = ["friend"];
      draft.text(["name"]).splice(0, 4, "Jo");
    });
    expect(john.getData()).toMatchObject({ name: "Jo", tags: ["friend"] });
  });

  it("takes what others wrote, or wrote before there was a schema, as it is; restoring writes", async () => {
    const alice = await found();
    const bob = await join(alice, "bob", "editor");
    const anything = await bob.tenant.openDB<object>("contacts");
    const typed = await alice.tenant.openDB("contacts", { schema: contact });
    const { id } = await anything.createDocument({ nothing: "of it" });
    const before = (await anything.getDocument(id)).getHeads();
    await meet(alice, bob);
    const doc = await typed.getDocument(id);
    expect(doc.getData()).toEqual({ nothing: "of it" });
    await expect(
      typed.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { name: 1 })),
    ).rejects.toMatchObject(mismatch);
    await typed.changeDoc(doc, (draft) => void Object.assign(draft.getData(), { name: "John", region: "EMEA" }));
    await expect(typed.history.restore(id, before)).rejects.toMatchObject(mismatch);
    await typed.deleteDocument(id);
    await expect(typed.history.restore(id, before)).rejects.toMatchObject(mismatch);
    expect(doc.isDeleted()).toBe(true);
  });

  it("is one database with all handles of its name, by schemas of any library", async () => {
    const { tenant } = await found();
    const byZod = await tenant.openDB("contacts", { schema: contact });
    const byValibot = await tenant.openDB("contacts", { schema: v.object({ name: v.string() }) });
    const free = await tenant.openDB<object>("contacts");
    const { id } = await byValibot.createDocument({ name: "John" });
    await expect(byValibot.createDocument({ name: 1 } as never)).rejects.toMatchObject(mismatch);
    expect((await byZod.getDocument(id)).getData()).toEqual({ name: "John" });
    expect(await free.getAllDocumentIds()).toEqual([id]);
    await byZod[Symbol.asyncDispose]();
    await expect(byValibot.getDocument(id)).rejects.toMatchObject({ code: "CLOSED" });
    expect(await (await tenant.openDB<object>("contacts")).getAllDocumentIds()).toEqual([id]);
  });

  it("refuses what it could never change: what its schema makes and does not accept, and a list", async () => {
    const { tenant } = await found();
    const turning = await tenant.openDB("turning", { schema: z.object({ n: z.string().transform(Number) }) });
    await expect(turning.createDocument({ n: "7" })).rejects.toMatchObject(mismatch);
    const lists = await tenant.openDB("lists", { schema: z.array(z.string()) });
    await expect(lists.createDocument(["x"])).rejects.toMatchObject({ code: "VALUE_UNSUPPORTED" });
    for (const database of [turning, lists]) expect(await database.getAllDocumentIds()).toEqual([]);
  });

  it("has to answer at once", async () => {
    const { tenant } = await found();
    const slow = await tenant.openDB("contacts", { schema: contact.refine(async () => true) });
    await expect(slow.createDocument({ name: "John", region: "EMEA" })).rejects.toMatchObject({ code: "SCHEMA_ASYNC" });
    const throwing = contact.refine(() => {
      throw new TypeError("a defect of the app");
    });
    const broken = await tenant.openDB("contacts", { schema: throwing });
    await expect(broken.createDocument({ name: "John" })).rejects.toMatchObject({ code: "SCHEMA_ASYNC" });
    const free = await tenant.openDB<object>("contacts");
    const doc = await free.createDocument({ name: "John", region: "EMEA" });
    await expect(
      slow.changeDoc(await slow.getDocument(doc.id), (draft) => void Object.assign(draft.getData(), { name: "Jo" })),
    ).rejects.toMatchObject({ code: "SCHEMA_ASYNC" });
    expect(doc.getData()).toEqual({ name: "John", region: "EMEA" });
  });
});

it("tells a counter from a number, in a new document and in one that is changed", async () => {
  await using alice = await createClient({ store: memory(), password: "alice-password" });
  const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const pages = await acme.openDB("pages", { schema: z.object({ likes: z.custom<Counter>(isCounter) }) });
  const page = await pages.createDocument({ likes: counter() });
  await pages.changeDoc(page, (draft) => void draft.getData().likes.increment());
  expect(isCounter(page.getData().likes)).toBe(true);
  for (const likes of [3, null, {}] as unknown as Counter[]) {
    await expect(pages.createDocument({ likes })).rejects.toMatchObject({ code: "SCHEMA_MISMATCH" });
    const changing = pages.changeDoc(page, (draft) => void Object.assign(draft.getData(), { likes }));
    await expect(changing).rejects.toMatchObject({ code: "SCHEMA_MISMATCH" });
  }
  expect(page.getData().likes.value).toBe(1);
});
