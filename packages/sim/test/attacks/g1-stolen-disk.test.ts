import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@selkie/client";
import { fromHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { found } from "../support/look-for.ts";

const PASSWORD = "the password of the canary";

async function filesIn(directory: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(files.map(async (path) => [path, new Uint8Array(await readFile(path))] as const)));
}

test("G1 every byte of a client's directory, while it is open and after: no text, title, name, document or secret", async () => {
  const directory = await mkdtemp(join(tmpdir(), "selkie-g1-"));
  try {
    const client = await createClient({ store: directory, password: PASSWORD });
    const tenant = await client.createTenant("canary-corp", { user: "CN=canary-user/O=canary" });
    const database = await tenant.openDB<Record<string, unknown>>("canary-database");
    const doc = await database.createDocument({ title: "canary-title", text: "canary-text" });
    await database.createDocuments(Array.from({ length: 150 }, (_, row) => ({ title: `canary-row-${row}` })));
    for (let edit = 0; edit < 20; edit += 1)
      await database.changeDoc(doc, (draft) => {
        draft.getData()[`canary-field-${edit}`] = "canary-value";
      });
    const gone = await database.createDocument({ title: "canary-deleted" });
    await database.deleteDocument(gone);

    const bag = client.keyBag;
    const secrets = [
      ...bag.identities(),
      ...bag.tenants(),
      ...bag.tenants().flatMap((record) => bag.keyVersions(record.tenant)),
    ]
      .flatMap((record, at) => Object.entries(record).map(([field, value]) => [`${field} ${at}`, value] as const))
      .filter(([field, value]) => /seed|secret|content|history/i.test(field) && value instanceof Uint8Array);
    expect(secrets.length).toBeGreaterThan(8);
    const needles = {
      ...(Object.fromEntries(secrets) as Record<string, Uint8Array>),
      canary: "canary",
      password: PASSWORD,
      document: fromHex(doc.id).slice(0, 16),
      head: fromHex(doc.getHeads()[0] ?? ""),
    };
    const open = await filesIn(directory);
    expect([...open.keys()].some((path) => path.endsWith("-wal"))).toBe(true);
    expect(found([...open.values()], needles)).toEqual([]);
    await client[Symbol.asyncDispose]();
    const closed = await filesIn(directory);
    expect(found([...closed.values()], needles)).toEqual([]);
    for (const path of [...open.keys(), ...closed.keys()]) expect(path).not.toContain("canary");
    // And it is all there: whoever has the password reads it.
    await using again = await createClient({ store: directory, password: PASSWORD });
    const reopened = await (await again.openTenant("canary-corp")).openDB<Record<string, unknown>>("canary-database");
    expect((await reopened.getDocument(doc.id)).getData()["title"]).toBe("canary-title");
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
