// Disks that are full, directories that cannot be written, files that are not ours: one typed error each, and nothing lost.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

const verifier = nativeVerifier;
const tenant = tenantOf(1);
const database = databaseOf(1);

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await newDirectory();
  try {
    await test(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("a full disk", () => {
  it("refuses what does not fit, keeps what was acknowledged, and goes on when there is room again", () =>
    inDirectory(async (directory) => {
      const writer = await TestWriter.create(verifier, database, 1);
      const runs = await Promise.all(Array.from({ length: 12 }, () => writer.write({ count: 20, bytes: 1_000 })));
      let held = 0;
      {
        await using store = await openSqliteStore({ directory, verifier, maxBytes: 300_000 });
        const entries = store.entries(tenant, database);
        for (const run of runs) {
          try {
            const [result] = await entries.append([run]);
            held += result?.type === "appended" ? result.count : 0;
          } catch (error) {
            expect(error).toMatchObject({ name: "StoreError", code: "STORE_FULL" });
          }
        }
        expect(held).toBeGreaterThan(0);
        expect(held).toBeLessThan(240);
        expect(await entries.position()).toBe(held);
      }
      await using store = await openSqliteStore({ directory, verifier });
      const entries = store.entries(tenant, database);
      expect(await entries.position()).toBe(held);
      await entries.append(runs);
      expect(await entries.position()).toBe(240);
    }));

  it("fails only the commit that does not fit", () =>
    inDirectory(async (directory) => {
      await using store = await openSqliteStore({ directory, verifier, maxBytes: 300_000 });
      const put = (key: number, length: number) =>
        store.state.put(Uint8Array.of(key), publicState(bytesOf(key, length)));
      const outcomes = await Promise.allSettled([
        put(1, 1_000),
        put(2, 500_000),
        put(3, 1_000),
        put(4, 400_000),
        put(5, 1_000),
      ]);
      expect(outcomes.map((outcome) => (outcome.status === "fulfilled" ? "done" : outcome.reason.code))).toEqual([
        "done",
        "STORE_FULL",
        "done",
        "STORE_FULL",
        "done",
      ]);
      for (const key of [1, 3, 5]) expect(await store.state.get(Uint8Array.of(key))).toEqual(bytesOf(key, 1_000));
      for (const key of [2, 4]) expect(await store.state.get(Uint8Array.of(key))).toBeUndefined();
    }));
});

describe("opening", () => {
  it("refuses a store of a later version, and leaves it alone", () =>
    inDirectory(async (directory) => {
      await (await openSqliteStore({ directory, verifier }))[Symbol.asyncDispose]();
      const db = new Database(join(directory, "selkie.db"));
      db.prepare("UPDATE meta SET value = ? WHERE name = 'schema'").run(Uint8Array.of(2));
      db.exec("CREATE TABLE later (x)");
      db.close();
      const before = readFileSync(join(directory, "selkie.db"));
      await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "SCHEMA_NEWER" });
      expect(readFileSync(join(directory, "selkie.db")).equals(before)).toBe(true);
    }));

  it("refuses a file that is no store", () =>
    inDirectory(async (directory) => {
      writeFileSync(
        join(directory, "selkie.db"),
        "this is not a database, but it is long enough to look like one\n".repeat(100),
      );
      await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      rmSync(join(directory, "selkie.db"));
      const db = new Database(join(directory, "selkie.db"));
      db.exec("CREATE TABLE meta (name TEXT PRIMARY KEY, value)");
      db.close();
      await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    }));

  it("refuses a store whose tables are not those of its version", () =>
    inDirectory(async (directory) => {
      for (const change of [
        "DROP INDEX entry_id",
        "CREATE TABLE other (x)",
        "ALTER TABLE entry RENAME COLUMN id TO name",
      ]) {
        const path = join(directory, "selkie.db");
        rmSync(path, { force: true });
        await (await openSqliteStore({ directory, verifier }))[Symbol.asyncDispose]();
        const db = new Database(path);
        db.exec(change);
        db.close();
        await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
      }
    }));

  it("refuses a directory that is a file", () =>
    inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      await expect(openSqliteStore({ directory: path, verifier })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
      const below = join(path, "below");
      await expect(openSqliteStore({ directory: below, verifier })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    }));

  it("refuses a directory that may not be written", () =>
    inDirectory(async (directory) => {
      // The superuser may write everywhere: for once it is nobody.
      const isRoot = process.geteuid?.() === 0;
      chmodSync(directory, 0o500);
      if (isRoot) process.seteuid?.(65_534);
      try {
        await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
      } finally {
        if (isRoot) process.seteuid?.(0);
        chmodSync(directory, 0o700);
      }
    }));

  it("refuses a database that is a directory", () =>
    inDirectory(async (directory) => {
      mkdirSync(join(directory, "selkie.db"));
      await expect(openSqliteStore({ directory, verifier })).rejects.toMatchObject({ code: "STORE_UNWRITABLE" });
    }));

  it("makes the directory and its parents", () =>
    inDirectory(async (directory) => {
      const deep = join(directory, "a", "b", "c");
      await using store = await openSqliteStore({ directory: deep, verifier });
      expect(store.instance).toHaveLength(16);
    }));
});
