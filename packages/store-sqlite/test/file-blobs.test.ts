import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseBlobHash, toHex } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { bytesOf, tenantOf } from "@selkie/store/contract";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

const verifier = nativeVerifier;

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
});
