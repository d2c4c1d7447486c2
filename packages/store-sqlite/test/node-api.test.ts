import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { nativeVerifier } from "@selkie/entry/native";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { newDirectory } from "./sqlite-place.ts";

/** A Node on this machine that is too old for better-sqlite3, if there is one. */
const oldNode = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "node"))
  .filter((path) => existsSync(path))
  .find((path) => Number(spawnSync(path, ["-p", "process.versions.napi"], { encoding: "utf8" }).stdout) < 10);
if (oldNode === undefined) console.warn("NOT RUN: store-sqlite under an old Node (none on PATH)");

describe("the platform", () => {
  it("is refused by one clear error when its Node-API is too old", async () => {
    const directory = await newDirectory();
    for (const nodeApi of ["9", "8", "1", "", "none"]) {
      const opening = openSqliteStore({ directory, verifier: nativeVerifier, nodeApi });
      await expect(opening).rejects.toMatchObject({ name: "StoreError", code: "NODE_API_TOO_OLD" });
    }
    expect(existsSync(join(directory, "selkie.db"))).toBe(false);
    rmSync(directory, { recursive: true });
  });

  it.skipIf(oldNode === undefined)("is refused where it really is too old, instead of ending the process", async () => {
    const directory = await newDirectory();
    // The compiled package: an old Node does not read TypeScript.
    const door = pathToFileURL(join(import.meta.dirname, "../dist/index.js")).href;
    const script = `
      const { openSqliteStore } = await import(${JSON.stringify(door)});
      await openSqliteStore({ directory: ${JSON.stringify(directory)}, verifier: {} }).catch((e) => console.log(e.code));`;
    const { stdout, stderr, signal } = spawnSync(oldNode ?? "", ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    rmSync(directory, { recursive: true });
    expect({ stdout, stderr, signal }).toEqual({ stdout: "NODE_API_TOO_OLD\n", stderr: "", signal: null });
  });
});
