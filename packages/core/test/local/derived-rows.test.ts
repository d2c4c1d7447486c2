import { nativeCrypto } from "@selkie/crypto/native";
import { memoryStore, type Store } from "@selkie/store";
import { expect, test } from "vitest";
import { DerivedStores } from "../../src/local/derived-rows.ts";
import { LocalState, rowKind } from "../../src/local/local-state.ts";
import { pattern, testDatabase, testTenant } from "../fixture.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const random = (length: number): Uint8Array => nativeCrypto.randomBytes(length);

/** A device's store, and its database each time it is opened. */
async function device() {
  const store = memoryStore({ verifier: nativeCrypto, random });
  const secret = await nativeCrypto.importSecret(pattern("local", 32));
  const local = new LocalState(nativeCrypto, store.state, secret, testTenant);
  return { store, local, open: () => new DerivedStores({ store, local, random }).of(testDatabase) };
}

async function rowsIn(store: Store): Promise<readonly { key: Uint8Array; value: Uint8Array }[]> {
  return Array.fromAsync(store.state.range(Uint8Array.of(0), new Uint8Array(200).fill(255)));
}

test("rows are there again when the database is opened next, for who has their name", async () => {
  const { open } = await device();
  const rows = open().take("by region") ?? expect.fail("nobody has them");
  await rows.commit(
    [
      [bytes("a"), bytes("1")],
      [bytes("b"), bytes("2")],
    ],
    [],
  );
  await rows.commit([[bytes("a"), bytes("3")]], [bytes("b")]);
  const second = open();
  const again = second.take("by region");
  expect(await again?.read(bytes("a"))).toEqual(bytes("3"));
  expect(await again?.read(bytes("b"))).toBeUndefined();
  expect(await second.take("by name")?.read(bytes("a"))).toBeUndefined();
});

test("they are taken by one at a time, and by nobody once the database is closed", async () => {
  const derived = (await device()).open();
  const rows = derived.take("by region");
  expect(derived.take("by region")).toBeNull();
  rows?.release();
  expect(derived.take("by region")).not.toBeNull();
  derived.close();
  await expect(rows?.commit([[bytes("a"), bytes("1")]], [])).rejects.toMatchObject({ code: "CLOSED" });
});

test("after a purge nobody reads or writes anything but who begins anew, whatever was on its way", async () => {
  const { open, store } = await device();
  const derived = open();
  const [rows, others] = [derived.take("by region"), derived.take("by name")];
  await rows?.commit([[bytes("a"), bytes("1")]], []);
  const [, , second] = await Promise.all([
    rows?.commit([[bytes("b"), bytes("2")]], []),
    derived.purge((remove) => store.commit({ remove })),
    rows?.commit([[bytes("c"), bytes("3")]], []).then(() => rows.read(bytes("c"))),
    others?.commit([[bytes("d"), bytes("4")]], []),
  ]);
  expect(second).toBeUndefined();
  expect(await rowsIn(store)).toEqual([]);
  await rows?.restart();
  await rows?.commit([[bytes("c"), bytes("3")]], []);
  expect(await rows?.read(bytes("c"))).toEqual(bytes("3"));
  expect(await rows?.read(bytes("a"))).toBeUndefined();
  expect(await rowsIn(store)).toHaveLength(2);
});

test("who let them go writes nothing more, and lets nobody else's go", async () => {
  const { open } = await device();
  const derived = open();
  const before = derived.take("by region");
  before?.release();
  const rows = derived.take("by region");
  before?.release();
  expect(derived.take("by region")).toBeNull();
  await expect(before?.commit([[bytes("a"), bytes("1")]], [])).rejects.toMatchObject({ code: "CLOSED" });
  await expect(before?.restart()).rejects.toMatchObject({ code: "CLOSED" });
  await rows?.commit([[bytes("a"), bytes("2")]], []);
  expect(await rows?.read(bytes("a"))).toEqual(bytes("2"));
});

test("P-10 G1 neither names nor rows lie on the disk in clear, and after a restart no older row is read, also when it is put back", async () => {
  const { open, store } = await device();
  const rows = open().take("canary") ?? expect.fail("nobody has them");
  await rows.commit([[bytes("a"), bytes("canary")]], []);
  const before = await rowsIn(store);
  const said = before.map(({ key, value }) => Buffer.concat([key, value]).toString("latin1")).join();
  expect(said).not.toContain("canary");
  await rows.restart();
  expect(await rowsIn(store)).toHaveLength(1);
  await store.commit({ put: before.filter(({ key }) => key.length > 65) as never });
  expect(await rows.read(bytes("a"))).toBeUndefined();
  expect(await open().take("canary")?.read(bytes("a"))).toBeUndefined();
});

test("where their names are damaged, all of them are gone, and nobody goes on with what it had", async () => {
  const { open, store, local } = await device();
  const derived = open();
  const before = derived.take("by region");
  await before?.commit([[bytes("a"), bytes("1")]], []);
  const names = local.key(rowKind.derived, testDatabase);
  await store.commit({ put: [{ key: names, value: pattern("damaged", 80) as never }] });
  expect(await derived.take("by name")?.read(bytes("a"))).toBeUndefined();
  expect(await rowsIn(store)).toHaveLength(0);
  await before?.commit([[bytes("a"), bytes("1")]], []);
  expect(await before?.read(bytes("a"))).toBeUndefined();
  expect(await rowsIn(store)).toHaveLength(0);
});

test("who drops names leaves no row of them, unless somebody has them", async () => {
  const { open, store } = await device();
  const derived = open();
  const [region, name] = [derived.take("by region"), derived.take("by name")];
  await region?.commit([[bytes("a"), bytes("1")]], []);
  await name?.commit([[bytes("b"), bytes("2")]], []);
  name?.release();
  expect(await derived.names()).toEqual(
    new Map([
      ["by region", { isTaken: true }],
      ["by name", { isTaken: false }],
    ]),
  );
  const before = (await rowsIn(store)).length;
  expect(await derived.drop(["by name", "by region"])).toBe(false);
  expect((await rowsIn(store)).length).toBe(before);
  expect(await derived.drop(["by name", "nobody's"])).toBe(true);
  expect((await rowsIn(store)).length).toBe(before - 1);
  expect([...(await derived.names()).keys()]).toEqual(["by region"]);
  expect(await region?.read(bytes("a"))).toEqual(bytes("1"));
  expect(await derived.take("by name")?.read(bytes("b"))).toBeUndefined();
  region?.release();
  expect(await derived.drop(["by region"])).toBe(true);
  expect(await rowsIn(store)).toEqual([]);
});
