import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseBlobHash, toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { bytesOf, tenantOf } from "@selkie/store/contract";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { newDirectory } from "./sqlite-place.ts";

const verifier = nativeVerifier;
/** Bytes of a file that a process may write at most, in blocks of 512 bytes or of 1,024, as the shell counts. */
const FILE_BLOCKS = 2_048;
const canLimit = process.platform !== "win32";
if (!canLimit) console.warn("NOT RUN: blobs that do not fit (no ulimit)");

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

describe("blobs as files", () => {
  it("F8 lie below their tenant's directory, under nothing but hexadecimal digits", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier });
    const bytes = bytesOf(1, 1_000);
    const hash = parseBlobHash(verifier.sha256(bytes));
    await store.blobs(tenantOf(1)).put(hash, once(bytes));
    const files = readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const name = toHex(hash);
    expect(files).toEqual([join(directory, "blobs", toHex(tenantOf(1)), name.slice(0, 2), name.slice(2))]);
    expect(readFileSync(files[0] ?? "").equals(bytes)).toBe(true);
    rmSync(directory, { recursive: true });
  });

  it("that a crash left unfinished are gone when the store is opened", async () => {
    const directory = await newDirectory();
    await (await openSqliteStore({ directory, verifier }))[Symbol.asyncDispose]();
    const unfinished = join(directory, "blobs", "unfinished", "00112233");
    writeFileSync(unfinished, "half a blob");
    await using store = await openSqliteStore({ directory, verifier });
    expect(existsSync(unfinished)).toBe(false);
    expect(store.instance).toHaveLength(16);
    rmSync(directory, { recursive: true });
  });

  it("that are refused leave no file", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier });
    const wrong = parseBlobHash(bytesOf(1, 32));
    await expect(store.blobs(tenantOf(1)).put(wrong, once(bytesOf(2, 9)))).rejects.toMatchObject({
      code: "BLOB_MISMATCH",
    });
    const left = readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  it("that change after they were read are hashed again", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier });
    const bytes = bytesOf(3, 600_000);
    const hash = parseBlobHash(verifier.sha256(bytes));
    const blobs = store.blobs(tenantOf(1));
    await blobs.put(hash, once(bytes));
    for await (const chunk of (await blobs.get(hash)) ?? []) expect(chunk.length).toBeGreaterThan(0);
    const name = toHex(hash);
    const path = join(directory, "blobs", toHex(tenantOf(1)), name.slice(0, 2), name.slice(2));
    writeFileSync(path, readFileSync(path).fill(0, 300_000, 300_001));
    expect(await blobs.get(hash, [0, 10])).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    rmSync(directory, { recursive: true });
  });

  it.skipIf(!canLimit)("that do not fit are refused, leave nothing, and smaller ones still go in", async () => {
    const directory = await newDirectory();
    const child = new Child("large", directory, { fileBlocks: FILE_BLOCKS });
    await child.hear("ready");
    expect(child.lines.slice(1, -1)).toEqual([
      ...["put STORE_FULL", "add STORE_FULL", "held nothing"],
      ...["put done", "add done", "held 1000"],
    ]);
    const files = readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toHaveLength(1);
    await child.kill();
    rmSync(directory, { recursive: true });
  });

  it("that are there and whole are not written again", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier });
    const blobs = store.blobs(tenantOf(1));
    for (const length of [1_000, 200_000]) {
      const hash = await blobs.add(once(bytesOf(4, length)));
      const name = toHex(hash);
      const path = join(directory, "blobs", toHex(tenantOf(1)), name.slice(0, 2), name.slice(2));
      const { ino } = statSync(path);
      expect(await blobs.add(once(bytesOf(4, length)))).toEqual(hash);
      await blobs.put(hash, once(bytesOf(4, length)));
      expect(statSync(path).ino).toBe(ino);
    }
    rmSync(directory, { recursive: true });
  });

  it("are listed whatever else lies there", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier });
    const blobs = store.blobs(tenantOf(1));
    const hash = await blobs.add(once(bytesOf(5, 10)));
    const own = join(directory, "blobs", toHex(tenantOf(1)));
    writeFileSync(join(own, ".DS_Store"), "");
    writeFileSync(join(own, toHex(hash).slice(0, 2), "lost+found"), "");
    const listed = await Array.fromAsync(blobs.list());
    expect(listed).toEqual([{ hash, size: 10 }]);
    rmSync(directory, { recursive: true });
  });
});
