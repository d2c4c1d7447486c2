// Single copies of names, keys and ids damaged in the file: each is put right from the other copy, or comes again.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEntryId, toHex, type VerifiedRun } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState, type Store } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

const EVERYTHING = { entries: 2_048, bytes: 4_000_000 };
const verifier = nativeVerifier;
const tenant = tenantOf(1);
const database = databaseOf(1);
const key = bytesOf(50, 24);
const value = bytesOf(51, 200);

let template: string;
let run: VerifiedRun;
let other: VerifiedRun;

beforeAll(async () => {
  template = await newDirectory();
  run = await (await TestWriter.create(verifier, database, 1)).write({ count: 6 });
  other = await (await TestWriter.create(verifier, database, 2)).write({ count: 2 });
  await using store = await openSqliteStore({ directory: template, verifier });
  await store.entries(tenant, database).append([run, other]);
  await store.entries(tenantOf(2), database).append([run]);
  const put = Array.from({ length: 9 }, (_, index) => ({ key: bytesOf(60 + index, 24), value: publicState(value) }));
  await store.commit({ put: [...put, { key, value: publicState(value) }] });
});

afterAll(() => rmSync(template, { recursive: true }));

/** Where these bytes lie in the closed store's file. */
function placesOf(needle: Uint8Array): readonly number[] {
  const file = readFileSync(join(template, "selkie.db"));
  const places: number[] = [];
  for (let at = file.indexOf(needle); at >= 0; at = file.indexOf(needle, at + 1)) places.push(at);
  return places;
}

/** Opens a copy of the store with one byte of its file changed. */
async function withFlipped(at: number, test: (store: Store) => Promise<void>): Promise<void> {
  const directory = await newDirectory();
  cpSync(template, directory, { recursive: true });
  const path = join(directory, "selkie.db");
  const file = readFileSync(path);
  file.writeUInt8(file.readUInt8(at) ^ 0x10, at);
  writeFileSync(path, file);
  {
    await using store = await openSqliteStore({ directory, verifier });
    await test(store);
  }
  // What was repaired stays repaired.
  await using store = await openSqliteStore({ directory, verifier });
  await test(store);
  rmSync(directory, { recursive: true });
}

async function expectWhole(store: Store): Promise<void> {
  const entries = store.entries(tenant, database);
  expect((await entries.vector()).get(toHex(run.writer))?.seq).toBe(5);
  expect((await entries.vector()).get(toHex(other.writer))?.seq).toBe(1);
  expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
  expect(await store.databases(tenant)).toEqual([database]);
}

describe("repair", () => {
  it("restores a name that is damaged in the row or in the index", async () => {
    for (const name of [tenant, run.writer, other.writer]) {
      const places = placesOf(name);
      // Row and index, of each of the two tenants that hold the chain.
      expect(places.length).toBeGreaterThanOrEqual(2);
      for (const at of places) {
        await withFlipped(at + 31, expectWholeOnceMore);
        // A writer must not get a second chain, nor a tenant a second database, because the first was not found.
        await withFlipped(at + 5, async (store) => {
          await store.entries(tenant, database).append([run, other]);
          await store.entries(tenantOf(2), database).append([run]);
          await expectWhole(store);
          expect(await store.entries(tenantOf(2), database).read(run.writer, 0, EVERYTHING)).toEqual(run);
        });
      }
    }
  });

  it("restores a key of the local state that is damaged in the row or in the index", async () => {
    const places = placesOf(key);
    expect(places).toHaveLength(2);
    for (const at of places) {
      for (const offset of [0, 12, 23]) {
        await withFlipped(at + offset, async (store) => {
          expect(await store.state.get(key)).toEqual(value);
          const keys: string[] = [];
          for await (const item of store.state.range(Uint8Array.of(0), new Uint8Array(40).fill(255)))
            keys.push(toHex(item.key));
          expect(keys).toHaveLength(10);
          expect(keys).toContain(toHex(key));
        });
      }
    }
  });

  it("reports a damaged value under its key, until it is written or removed", async () => {
    const [at = 0] = placesOf(value);
    const directory = await newDirectory();
    cpSync(template, directory, { recursive: true });
    const path = join(directory, "selkie.db");
    const file = readFileSync(path);
    file.writeUInt8(file.readUInt8(at + 100) ^ 1, at + 100);
    writeFileSync(path, file);
    await using store = await openSqliteStore({ directory, verifier });
    const all = async () => {
      let count = 0;
      for await (const _ of store.state.range(Uint8Array.of(0), new Uint8Array(40).fill(255))) count++;
      return count;
    };
    const error: { code?: string; key?: Uint8Array } = await all().then(
      () => ({}),
      (thrown: object) => thrown,
    );
    expect(error.code).toBe("STATE_DAMAGED");
    const damaged = error.key ?? new Uint8Array(1);
    await expect(store.state.get(damaged)).rejects.toMatchObject({ code: "STATE_DAMAGED" });
    await store.state.remove(damaged);
    expect(await all()).toBe(9);
    await store.state.put(damaged, publicState(value));
    expect(await all()).toBe(10);
    rmSync(directory, { recursive: true });
  });

  // Zeros from the row's number on, and from behind it: then there is a row of that number, and it is none.
  it.each([12, 8, 7, 6])(
    "reports a value whose row is lost from %i bytes before its key on, and reads all others",
    async (before) => {
      // In the row the value follows the key; in the index something else does.
      const at = placesOf(Buffer.concat([key, value]))[0] ?? 0;
      const directory = await newDirectory();
      cpSync(template, directory, { recursive: true });
      const path = join(directory, "selkie.db");
      const file = readFileSync(path);
      writeFileSync(path, file.fill(0, at - before, at + 30));
      for (let i = 0; i < 2; i++) {
        await using store = await openSqliteStore({ directory, verifier });
        await expect(store.state.get(key)).rejects.toMatchObject({ code: "STATE_DAMAGED", key });
        for (let index = 0; index < 9; index++) expect(await store.state.get(bytesOf(60 + index, 24))).toEqual(value);
      }
      await using store = await openSqliteStore({ directory, verifier });
      await store.state.put(key, publicState(value));
      const values: Uint8Array[] = [];
      for await (const item of store.state.range(Uint8Array.of(0), new Uint8Array(40).fill(255)))
        values.push(item.value);
      expect(values).toEqual(Array.from({ length: 10 }, () => value));
      rmSync(directory, { recursive: true });
    },
  );

  it("restores names from the index when their rows are lost", async () => {
    for (const name of [tenant, other.writer]) {
      for (const at of placesOf(name)) {
        const directory = await newDirectory();
        cpSync(template, directory, { recursive: true });
        const path = join(directory, "selkie.db");
        const file = readFileSync(path);
        writeFileSync(path, file.fill(0, at - 8, at + 32));
        await using store = await openSqliteStore({ directory, verifier });
        await store.entries(tenant, database).append([run, other]);
        await expectWhole(store);
        rmSync(directory, { recursive: true });
      }
    }
  });

  it("drops an entry whose id or signature is damaged, and takes it again", async () => {
    const id = run.entries[2]?.id ?? parseEntryId(new Uint8Array(32));
    const signature = run.entries[5]?.signature ?? new Uint8Array();
    // Eight bytes of an id are in the index too.
    const places = [...placesOf(id.subarray(0, 8)), ...placesOf(signature)];
    expect(places).toHaveLength(6);
    for (const at of places) {
      await withFlipped(at + 7, async (store) => {
        for (const owner of [tenant, tenantOf(2)]) {
          const entries = store.entries(owner, database);
          const read = await entries.read(run.writer, 0, EVERYTHING);
          if (read !== null) expect(read).toEqual(run);
          await entries.append([run]);
          expect(await entries.read(run.writer, 0, EVERYTHING)).toEqual(run);
          for (const entry of run.entries) expect(await entries.find(entry.id)).toEqual(entry);
          const { runs } = await entries.readAfter(0, EVERYTHING);
          const ids = new Set(runs.flatMap((item) => item.entries.map((entry) => toHex(entry.id))));
          expect(ids.size).toBe(owner === tenant ? 8 : 6);
        }
      });
    }
  });
});

/** As after a sync: what the damage cost comes again. */
async function expectWholeOnceMore(store: Store): Promise<void> {
  for (const owner of [tenant, tenantOf(2)]) {
    const vector = await store.entries(owner, database).vector();
    for (const [writer, head] of vector) {
      const source = [run, other].find((item) => toHex(item.writer) === writer);
      expect(head.id).toEqual(source?.entries[head.seq]?.id);
    }
  }
  await store.entries(tenant, database).append([run, other]);
  await expectWhole(store);
}
