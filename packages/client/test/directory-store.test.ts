// The directory of a client on Node: its lock, its KeyBag file, and what a wrong password may touch.
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ClientStore, createClient } from "@selkie/client";
import { describe, expect, it } from "vitest";
import { cheapKeyBag, filesIn, MemoryPlace, newDirectory, PASSWORD } from "./support/places.ts";

const open = (store: string, password = PASSWORD) => createClient({ store, password });
/** A directory in which a client was, with a tenant and a document. */
async function usedDirectory(): Promise<Awaited<ReturnType<typeof newDirectory>>> {
  const directory = await newDirectory();
  await using client = await open(directory.path);
  const tenant = await client.createTenant("acme", { user: "CN=alice/O=acme" });
  const notes = await tenant.openDB<{ text: string }>("notes");
  await notes.createDocument({ text: "here" });
  return directory;
}

describe("a wrong password", () => {
  it("is refused with WRONG_PASSWORD and changes no byte of any file", async () => {
    await using directory = await usedDirectory();
    const before = filesIn(directory.path);
    await expect(open(directory.path, "wrong horse")).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
    expect(filesIn(directory.path)).toEqual(before);
  });

  it("is refused with WRONG_PASSWORD while another client has the directory, which goes on", async () => {
    await using directory = await usedDirectory();
    await using client = await open(directory.path);
    const before = filesIn(directory.path);
    await expect(open(directory.path, "wrong horse")).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
    expect(filesIn(directory.path)).toEqual(before);
    const tenant = await client.openTenant("acme");
    const notes = await tenant.openDB<{ text: string }>("notes");
    await notes.createDocument({ text: "still here" });
    expect(await notes.getAllDocumentIds()).toHaveLength(2);
  });
});

describe("a directory that is in use", () => {
  it("is refused with STORE_LOCKED and one sentence, in the same process, and works again afterwards", async () => {
    await using directory = await usedDirectory();
    const client = await open(directory.path);
    const refused = await open(directory.path).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "STORE_LOCKED",
      message: "the store is already open, here or in another process",
    });
    await client[Symbol.asyncDispose]();
    await using again = await open(directory.path);
    expect(await again.tenants()).toHaveLength(1);
  });
});

describe("the KeyBag's file", () => {
  it("is made with the directory, readable by its owner alone, and never left half written", async () => {
    await using directory = await newDirectory();
    const path = join(directory.path, "new", "deeper");
    await (await open(path))[Symbol.asyncDispose]();
    expect(statSync(join(path, "keybag")).mode & 0o077).toBe(0);
    expect(statSync(path).mode & 0o077).toBe(0);
    expect(existsSync(join(path, "keybag.new"))).toBe(false);
  });

  it("is missing beside a store that had one: KEYBAG_MISSING, and no new one is made in its place", async () => {
    await using directory = await usedDirectory();
    const file = join(directory.path, "keybag");
    const saved = readFileSync(file);
    rmSync(file);
    await expect(open(directory.path)).rejects.toMatchObject({ code: "KEYBAG_MISSING" });
    await expect(open(directory.path, "another password")).rejects.toMatchObject({ code: "KEYBAG_MISSING" });
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, saved);
    await using client = await open(directory.path);
    expect(await client.tenants()).toMatchObject([{ name: "acme" }]);
  });

  it("is damaged in any way: a typed error, and nothing is changed", async () => {
    await using directory = await usedDirectory();
    const file = join(directory.path, "keybag");
    const whole = readFileSync(file);
    const damages: readonly Uint8Array[] = [
      new Uint8Array(),
      whole.subarray(0, 1),
      whole.subarray(0, whole.length - 1),
      Buffer.concat([whole, Uint8Array.of(0)]),
      ...Array.from({ length: 12 }, (_, part) => {
        const flipped = Buffer.from(whole);
        const at = Math.floor((part * whole.length) / 12);
        flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
        return flipped;
      }),
    ];
    for (const bytes of damages) {
      writeFileSync(file, bytes);
      const before = filesIn(directory.path);
      await expect(open(directory.path)).rejects.toMatchObject({
        name: "KeyBagError",
        code: expect.stringMatching(/^(DAMAGED|UNSUPPORTED_VERSION|KDF_PARAMETERS|WRONG_PASSWORD|NO_PASSWORD_SLOT)$/),
      });
      expect(filesIn(directory.path)).toEqual(before);
    }
    writeFileSync(file, whole);
    await using client = await open(directory.path);
    expect(await client.tenants()).toHaveLength(1);
  });

  it("cannot be read: KEYBAG_UNREADABLE", async () => {
    await using directory = await usedDirectory();
    rmSync(join(directory.path, "keybag"));
    const inTheWay = join(directory.path, "keybag");
    mkdirSync(inTheWay);
    await expect(open(directory.path)).rejects.toMatchObject({ name: "ClientError", code: "KEYBAG_UNREADABLE" });
  });

  it("cannot be written: KEYBAG_UNWRITABLE, the old one stays whole, and what was not saved is not acknowledged", async () => {
    await using directory = await usedDirectory();
    const before = readFileSync(join(directory.path, "keybag"));
    const client = await open(directory.path);
    mkdirSync(join(directory.path, "keybag.new"));
    await expect(client.createUserId("CN=carol/O=acme")).rejects.toMatchObject({ code: "KEYBAG_UNWRITABLE" });
    expect(readFileSync(join(directory.path, "keybag"))).toEqual(before);
    rmdirSync(join(directory.path, "keybag.new"));
    await client.createUserId("CN=dave/O=acme");
    await client[Symbol.asyncDispose]();
    await using again = await open(directory.path);
    expect(again.keyBag.identities().map(({ name }) => name)).toContain("CN=dave/O=acme");
  });

  it("is written by many at once, and holds everything afterwards", async () => {
    await using directory = await newDirectory();
    const names = Array.from({ length: 20 }, (_, at) => `CN=user${at}/O=acme`);
    {
      await using client = await open(directory.path);
      await Promise.all(names.map((name) => client.createUserId(name)));
    }
    await using again = await open(directory.path);
    expect(again.keyBag.identities().map(({ name }) => name)).toEqual(names);
  });

  it("is taken up anew when another process wrote it between the first look and the lock", async () => {
    const place = new MemoryPlace(await cheapKeyBag());
    const stale = await place.readKeyBag();
    {
      await using client = await createClient({ store: place, password: PASSWORD });
      await client.createUserId("CN=late/O=acme");
    }
    let looks = 0;
    const store: ClientStore = {
      readKeyBag: async () => (looks++ === 0 ? stale : place.readKeyBag()),
      open: (crypto) => place.open(crypto),
    };
    await using client = await createClient({ store, password: PASSWORD });
    expect(client.keyBag.identities().map(({ name }) => name)).toEqual(["CN=late/O=acme"]);
  });

  it("was made with another password between the first look and the lock: WRONG_PASSWORD, and the lock is given back", async () => {
    const place = new MemoryPlace(null);
    await (await createClient({ store: place, password: "another" }))[Symbol.asyncDispose]();
    let looks = 0;
    const store: ClientStore = {
      readKeyBag: async () => (looks++ === 0 ? null : place.readKeyBag()),
      open: (crypto) => place.open(crypto),
    };
    await expect(createClient({ store, password: PASSWORD })).rejects.toMatchObject({ code: "WRONG_PASSWORD" });
    await (await createClient({ store: place, password: "another" }))[Symbol.asyncDispose]();
  });
});

describe("a directory that cannot be used", () => {
  it("is a file, or below one: KEYBAG_UNREADABLE", async () => {
    await using directory = await newDirectory();
    const path = join(directory.path, "keybag");
    await expect(open(path)).rejects.toMatchObject({ code: "KEYBAG_UNREADABLE" });
    await expect(open(join(path, "below"))).rejects.toMatchObject({ code: "KEYBAG_UNREADABLE" });
  });
});
