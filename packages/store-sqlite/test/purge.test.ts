import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { nativeVerifier } from "@selkie/entry/native";
import { publicState } from "@selkie/store";
import { bytesOf, databaseOf, TestWriter, tenantOf } from "@selkie/store/contract";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

/** Whether any file of the directory holds these bytes. */
function holds(directory: string, bytes: Uint8Array): boolean {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .some((path) => statSync(path).isFile() && readFileSync(path).includes(Buffer.from(bytes)));
}

describe("retired parts", () => {
  it("are overwritten in every file of the open store", async () => {
    const directory = await newDirectory();
    await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
    const writer = await TestWriter.create(nativeVerifier, databaseOf(1), 1);
    const run = await writer.write({ count: 3, bytes: 9_000 });
    const entries = store.entries(tenantOf(1), databaseOf(1));
    await entries.append([run]);
    const [entry] = run.entries;
    const [first, second] = entry?.parts ?? [];
    if (entry === undefined || first?.type !== "sealed" || second?.type !== "sealed")
      throw new TypeError("unexpected entry");
    // A large part lies in several pages: its start, its middle, its end.
    const pieces = [0, 4_500, 8_900].map((at) => first.ciphertext.slice(at, at + 60));
    expect(pieces.map((piece) => holds(directory, piece))).toEqual([true, true, true]);
    expect(await entries.retire([{ id: entry.id, index: 0 }])).toBe(1);
    expect(pieces.map((piece) => holds(directory, piece))).toEqual([false, false, false]);
    expect(holds(directory, second.ciphertext.slice(0, 60))).toBe(true);
    rmSync(directory, { recursive: true });
  });

  it("and removed state leave nothing in the file of the closed store", async () => {
    const directory = await newDirectory();
    const secret = bytesOf(1, 300);
    {
      await using store = await openSqliteStore({ directory, verifier: nativeVerifier });
      await store.state.put(Uint8Array.of(1), publicState(secret));
      await store.state.remove(Uint8Array.of(1));
    }
    expect(holds(directory, secret.slice(0, 60))).toBe(false);
    rmSync(directory, { recursive: true });
  });
});
