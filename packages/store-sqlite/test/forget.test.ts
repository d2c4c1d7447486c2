import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TenantId, toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState } from "@selkie/store";
import { bytesOf } from "@selkie/store/contract";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { fillTenant, holdsAll, KEPT, WIPED } from "./forgetting.ts";
import { newDirectory } from "./sqlite-place.ts";

const KILLS = process.env["SELKIE_TEST_FULL"] === undefined ? 8 : 200;
const open = (directory: string) => openSqliteStore({ directory, verifier: nativeVerifier });

/** The files of the directory. */
function filesOf(directory: string): readonly string[] {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name));
  return names.filter((path) => statSync(path).isFile());
}

/** How many of these bytes some file holds, or has in its name. */
function countHeld(directory: string, canaries: readonly Uint8Array[]): number {
  const all = Buffer.concat(filesOf(directory).flatMap((path) => [Buffer.from(path), readFileSync(path)]));
  return canaries.filter((canary) => all.includes(Buffer.from(canary))).length;
}

/** Bytes that only this tenant's rows, names and blobs hold. */
function canariesOf(tenant: TenantId, filled: readonly Uint8Array[]): readonly Uint8Array[] {
  return [tenant, Buffer.from(toHex(tenant)), ...filled];
}

/** Puts a file in place of the blobs' directory, so that nothing below it can be found or deleted. */
function block(directory: string): void {
  renameSync(join(directory, "blobs"), join(directory, "aside"));
  writeFileSync(join(directory, "blobs"), "");
}

function unblock(directory: string): void {
  rmSync(join(directory, "blobs"));
  renameSync(join(directory, "aside"), join(directory, "blobs"));
}

describe("a forgotten tenant", () => {
  it("G1 leaves nothing of a tenant in any file of the open store, and all of its neighbour's", async () => {
    const directory = await newDirectory();
    await using store = await open(directory);
    // At once: rows of both lie in the same pages, and move between them.
    const [filled] = await Promise.all([fillTenant(store, WIPED, 60), fillTenant(store, KEPT, 60)]);
    const gone = canariesOf(WIPED, filled);
    // A few lie across the border of two pages.
    expect(countHeld(directory, gone)).toBeGreaterThan(0.9 * gone.length);
    await store.forget(WIPED);
    expect(countHeld(directory, gone)).toBe(0);
    expect(await holdsAll(store, KEPT, 60)).toBe("all");
    expect(existsSync(join(directory, "selkie.db-shm"))).toBe(false);
    rmSync(directory, { recursive: true });
  });

  it("makes room in a store that is full", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier: nativeVerifier, maxBytes: 300_000 });
    await fillTenant(store, KEPT, 3);
    await expect(fillTenant(store, WIPED, 200)).rejects.toMatchObject({ code: "STORE_FULL" });
    await store.forget(WIPED);
    expect(countHeld(directory, canariesOf(WIPED, []))).toBe(0);
    expect(await holdsAll(store, KEPT, 3)).toBe("all");
    await fillTenant(store, WIPED, 10);
    expect(await holdsAll(store, WIPED, 10)).toBe("all");
    rmSync(directory, { recursive: true });
  });

  it("gives the space back", async () => {
    const directory = await newDirectory();
    await using store = await open(directory);
    await store.state.put(Uint8Array.of(1), publicState(bytesOf(1, 100)));
    await store.forget(WIPED);
    const size = () => statSync(join(directory, "selkie.db")).size;
    const before = size();
    await fillTenant(store, WIPED, 20);
    await store.forget(WIPED);
    expect(size()).toBe(before);
    rmSync(directory, { recursive: true });
  });

  it("is gone whole or not at all, whenever the process is killed, and all traces go when the store is opened again", {
    timeout: 60_000 + KILLS * 6_000,
  }, async () => {
    const template = await newDirectory();
    let gone: readonly Uint8Array[] = [];
    {
      await using store = await open(template);
      await fillTenant(store, KEPT, 30);
      gone = canariesOf(WIPED, await fillTenant(store, WIPED, 30));
    }
    const seen = new Map<string, number>();
    for (let kill = 0; kill < KILLS; kill++) {
      const directory = await newDirectory();
      cpSync(template, directory, { recursive: true });
      const child = new Child("forget", directory);
      await child.hear("forgetting");
      // When it dies depends on the machine; the later kills come later.
      const until = performance.now() + (kill % 8) * 4;
      while (performance.now() < until) await new Promise(setImmediate);
      await child.kill();
      await using store = await open(directory);
      const held = await holdsAll(store, WIPED, 30);
      seen.set(held, (seen.get(held) ?? 0) + 1);
      expect(["all", "nothing"]).toContain(held);
      expect(await holdsAll(store, KEPT, 30)).toBe("all");
      if (held === "all") await store.forget(WIPED);
      expect(countHeld(directory, gone), `kill ${kill}`).toBe(0);
      rmSync(directory, { recursive: true });
    }
    console.log(`${KILLS} kills: ${JSON.stringify([...seen])}`);
    rmSync(template, { recursive: true });
  });

  it("leaves no trace when the process ends after its last write, before the log is cut", async () => {
    const [directory, killed] = [await newDirectory(), await newDirectory()];
    {
      await using store = await open(directory);
      await fillTenant(store, KEPT, 3);
    }
    const db = new Sqlite(join(directory, "selkie.db"));
    const mark = `forget/${toHex(WIPED)}`;
    db.pragma("journal_mode = WAL");
    db.pragma("secure_delete = ON");
    db.prepare("INSERT INTO meta (name, value) VALUES (?, x'')").run(mark);
    db.pragma("wal_checkpoint(TRUNCATE)");
    db.prepare("DELETE FROM meta WHERE name = ?").run(mark);
    // As a kill leaves it: the mark is gone in the log, and still in the file.
    cpSync(directory, killed, { recursive: true });
    db.close();
    expect(countHeld(killed, canariesOf(WIPED, []))).toBe(1);
    await using store = await open(killed);
    expect(countHeld(killed, canariesOf(WIPED, []))).toBe(0);
    expect(await holdsAll(store, KEPT, 3)).toBe("all");
    for (const each of [directory, killed]) rmSync(each, { recursive: true });
  });

  it("stays refused while its blobs cannot be deleted, until forgetting is called again", async () => {
    const directory = await newDirectory();
    await using store = await open(directory);
    const gone = canariesOf(WIPED, await fillTenant(store, WIPED, 3));
    block(directory);
    await expect(store.forget(WIPED)).rejects.toMatchObject({ name: "StoreError" });
    expect(await store.databases(WIPED)).toEqual([]);
    await expect(fillTenant(store, WIPED, 1)).rejects.toMatchObject({ code: "TENANT_FORGOTTEN" });
    await store.state.put(KEPT, publicState(bytesOf(1, 9)));
    unblock(directory);
    await store.forget(WIPED);
    expect(countHeld(directory, gone)).toBe(0);
    await fillTenant(store, WIPED, 1);
    rmSync(directory, { recursive: true });
  });

  it("goes with its blobs and all traces at the next opening when forgetting failed halfway", async () => {
    const directory = await newDirectory();
    let gone: readonly Uint8Array[] = [];
    {
      await using store = await open(directory);
      await fillTenant(store, KEPT, 3);
      gone = canariesOf(WIPED, await fillTenant(store, WIPED, 3));
      block(directory);
      await store.forget(WIPED).catch(() => undefined);
      unblock(directory);
    }
    expect(countHeld(directory, gone)).toBeGreaterThan(0);
    await using store = await open(directory);
    expect(countHeld(directory, gone)).toBe(0);
    expect(await holdsAll(store, KEPT, 3)).toBe("all");
    await fillTenant(store, WIPED, 1);
    rmSync(directory, { recursive: true });
  });

  it("finds what a damaged row or index hides", async () => {
    const template = await newDirectory();
    let gone: readonly Uint8Array[] = [];
    {
      await using store = await open(template);
      await fillTenant(store, KEPT, 3);
      gone = await fillTenant(store, WIPED, 3);
    }
    const file = readFileSync(join(template, "selkie.db"));
    const places: number[] = [];
    for (let at = file.indexOf(WIPED); at >= 0; at = file.indexOf(WIPED, at + 1)) places.push(at);
    // The name of the database and the keys of local state, each in a row and in an index.
    expect(places.length).toBeGreaterThan(40);
    for (const at of places.filter((_, index) => index % 8 === 0)) {
      const directory = await newDirectory();
      cpSync(template, directory, { recursive: true });
      const damaged = Buffer.from(file);
      damaged.writeUInt8(damaged.readUInt8(at + 5) ^ 0x10, at + 5);
      writeFileSync(join(directory, "selkie.db"), damaged);
      await using store = await open(directory);
      await store.forget(WIPED);
      expect(countHeld(directory, canariesOf(WIPED, gone)), `damaged at ${at}`).toBe(0);
      expect(await holdsAll(store, KEPT, 3)).toBe("all");
      rmSync(directory, { recursive: true });
    }
    rmSync(template, { recursive: true });
  });
});
