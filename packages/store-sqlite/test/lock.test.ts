import { rmSync } from "node:fs";
import { nativeVerifier } from "@selkie/entry/native";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { Child } from "./child-process.ts";
import { newDirectory } from "./sqlite-place.ts";

const open = (directory: string) => openSqliteStore({ directory, verifier: nativeVerifier });

describe("the lock", () => {
  it("keeps other processes out while the store is open", async () => {
    const directory = await newDirectory();
    const store = await open(directory);
    const child = new Child("hold", directory);
    await child.hear(1);
    expect(child.lines).toEqual(["failed STORE_LOCKED"]);
    // Being refused takes nothing from the owner.
    await store.state.get(Uint8Array.of(1));
    await store[Symbol.asyncDispose]();
    await child.kill();
    rmSync(directory, { recursive: true });
  });

  it("is free as soon as its holder is killed", async () => {
    const directory = await newDirectory();
    const child = new Child("hold", directory);
    await child.hear("ready");
    await expect(open(directory)).rejects.toMatchObject({
      code: "STORE_LOCKED",
      message: "the store is already open, here or in another process",
    });
    await child.kill();
    await using store = await open(directory);
    expect(await store.state.get(Uint8Array.of(1))).toBeUndefined();
    rmSync(directory, { recursive: true });
  });

  it("that was refused does not cost the holder its clean close", async () => {
    const directory = await newDirectory();
    const first = await open(directory);
    await expect(open(directory)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await first[Symbol.asyncDispose]();
    await using second = await open(directory);
    expect(second.instance).toEqual(first.instance);
    rmSync(directory, { recursive: true });
  });
});
