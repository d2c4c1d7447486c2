import { toHex, type Verifier } from "@selkie/entry";
import { nativeVerifier } from "@selkie/entry/native";
import { describe, expect, it } from "vitest";
import { databaseOf, type StorePlace, storeContract, TestWriter, tenantOf } from "../../src/contract.ts";
import { MemoryDisk, memoryStore } from "../../src/index.ts";
import { memoryPlace, randomBytes } from "./memory-place.ts";

storeContract({
  name: "memory, on a disk that outlives it",
  capabilities: { reopens: true, continues: true },
  create: async () => memoryPlace(nativeVerifier),
  verifier: nativeVerifier,
});

storeContract({
  name: "memory, forgetful",
  capabilities: { reopens: false, continues: false },
  create: async () => forgetfulPlace(nativeVerifier),
  verifier: nativeVerifier,
});

function forgetfulPlace(verifier: Verifier): StorePlace {
  return { ...memoryPlace(verifier), open: async () => memoryStore({ verifier, random: randomBytes }) };
}

describe("MemoryDisk", () => {
  const open = (disk: MemoryDisk) => memoryStore({ verifier: nativeVerifier, random: randomBytes, disk });
  const database = databaseOf(1);

  it("B11 begins a new instance after a crash, with everything that was committed", async () => {
    const disk = new MemoryDisk();
    const lost = open(disk);
    const writer = await TestWriter.create(nativeVerifier, database, 1);
    await lost.entries(tenantOf(1), database).append([await writer.write()]);
    disk.crash();
    await using store = open(disk);
    expect(store.instance).not.toEqual(lost.instance);
    expect((await store.entries(tenantOf(1), database).vector()).get(toHex(writer.key))?.seq).toBe(0);
    await expect(lost.commit({})).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await lost[Symbol.asyncDispose]();
    expect(await store.entries(tenantOf(1), database).position()).toBe(1);
  });

  it("B11 begins a new instance on a copy, which goes its own way", async () => {
    const disk = new MemoryDisk();
    const writer = await TestWriter.create(nativeVerifier, database, 1);
    const instance = await (async () => {
      await using store = open(disk);
      await store.entries(tenantOf(1), database).append([await writer.write()]);
      return store.instance;
    })();
    const copied = disk.copy();
    await using original = open(disk);
    await using copy = open(copied);
    expect(original.instance).toEqual(instance);
    expect(copy.instance).not.toEqual(instance);
    await copy.entries(tenantOf(1), database).append([await writer.write()]);
    expect(await original.entries(tenantOf(1), database).position()).toBe(1);
    expect(await copy.entries(tenantOf(1), database).position()).toBe(2);
  });
});
